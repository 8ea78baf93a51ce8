//! The new side: a hub's store, and the operations of the importer and of staff on it.

use super::*;

/// A hub's store into which states of one old database are brought, by one plan.
pub(crate) struct Side {
    pub(super) folder: tempfile::TempDir,
    pub(super) text: String,
    pub(super) store: Store,
    pub(super) portion: Portion,
    mends: Mends,
    drawn: u32,
    staff_counter: u64,
}

impl Side {
    pub(crate) fn planned_for(source: &Path) -> Self {
        let (staging, sha256) = stage(source);
        let basis = Basis {
            sha256,
            source_file: source.to_owned(),
            branch: Some("Chur".to_owned()),
            now: "2026-11-20T10:00:00Z".parse().expect("an instant"),
        };
        let text = propose(&staging, &basis).expect("a plan is proposed");
        Self::with_plan(text.replace("create_missing = false", "create_missing = true "))
    }

    /// An empty store, and a plan that a person wrote.
    pub(crate) fn with_plan(text: String) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            text,
            store: Store::in_memory(),
            portion: Portion::default(),
            mends: Mends::default(),
            drawn: 100,
            staff_counter: 0,
        }
    }

    /// Goes on with another plan, such as that of another database of the firm.
    pub(crate) fn take_plan(&mut self, text: String) {
        self.text = text;
    }

    /// From now on only the rows of one branch are meant.
    pub(crate) fn take_branch(&mut self, branch: &str) {
        self.portion = Portion {
            branches: vec![branch.to_owned()],
            ..Portion::default()
        };
    }

    /// All rows are meant again.
    pub(crate) fn take_whole(&mut self) {
        self.portion = Portion::default();
    }

    /// Somebody corrects the plan.
    pub(super) fn correct(&mut self, former: &str, present: &str) {
        assert!(
            self.text.contains(former),
            "{former} is not in\n{}",
            self.text
        );
        self.text = self.text.replace(former, present);
    }

    /// Takes rejected rows that a person has mended.
    pub(crate) fn mend(&mut self, rejects: &Path, source: &Path) {
        self.try_mend(rejects, source).expect("the file is good");
    }

    pub(crate) fn try_mend(&mut self, rejects: &Path, source: &Path) -> Result<(), MendError> {
        let (staging, sha256) = stage(source);
        let plan = Plan::from_text(&self.text).expect("it is a plan");
        let mends = Mends::of_rejects(rejects, &plan, &staging, &sha256)?;
        self.mends.add(mends);
        Ok(())
    }

    /// How many mended rows are read as they were, for another row has their key.
    pub(crate) fn collided(&mut self, source: &Path) -> u64 {
        let (mut staging, _) = stage(source);
        self.plan(&mut staging).mended.collided
    }

    pub(super) fn plan(&self, staging: &mut Staging) -> Plan {
        let mut plan =
            Plan::from_text(&self.text).unwrap_or_else(|error| panic!("{error}\n{}", self.text));
        plan.portion = self.portion.clone();
        let mended = self.mends.apply(&plan, staging);
        plan.mended = mended.expect("the rows are mended");
        let problems = plan.problems(staging, &plan.source_sha256);
        assert_eq!(problems, [], "{}", self.text);
        plan
    }

    /// Each state of the old database has rejects of its own.
    pub(crate) fn rejects(&self, source: &Path) -> PathBuf {
        let name = source.file_name().unwrap_or_default().to_string_lossy();
        self.folder.path().join(format!("{name}.rejects.jsonl"))
    }

    pub(crate) fn run(&mut self, source: &Path) -> Report {
        let (mut staging, _) = stage(source);
        let plan = self.plan(&mut staging);
        let mut rejects = std::fs::File::create(self.rejects(source)).expect("a file of rejects");
        let report = run(
            &plan,
            &self.text,
            &staging,
            &mut self.store,
            &mut rejects,
            &mut Quiet,
        );
        report.expect("the run ends")
    }

    pub(super) fn try_sync(&mut self, source: &Path) -> Result<SyncReport, RunError> {
        let (mut staging, sha256) = stage(source);
        let plan = self.plan(&mut staging);
        let mut rejects = std::fs::File::create(self.rejects(source)).expect("a file of rejects");
        let occasion = sync::Occasion {
            source_sha256: &sha256,
            now: NOW,
            incarnations: [self.draw(), self.draw()],
        };
        sync(
            &plan,
            &staging,
            &mut self.store,
            occasion,
            &mut rejects,
            &mut Quiet,
        )
    }

    /// An incarnation nobody has used.
    pub(super) fn draw(&mut self) -> u32 {
        self.drawn += 1;
        self.drawn
    }

    pub(crate) fn sync(&mut self, source: &Path) -> SyncReport {
        self.try_sync(source).expect("the sync ends")
    }

    pub(crate) fn diff(&mut self, source: &Path) -> DiffReport {
        let (mut staging, _) = stage(source);
        let plan = self.plan(&mut staging);
        diff(&plan, &staging, &mut self.store).expect("diff can be carried out")
    }

    pub(crate) fn verify(&mut self, source: &Path) -> Report {
        let (mut staging, _) = stage(source);
        let (plan, rejects) = (self.plan(&mut staging), self.rejects(source));
        let mut report =
            verify(&plan, &staging, &mut self.store, &rejects).expect("verify can be carried out");
        if plan.portion.is_whole() {
            let sums = reconcile(&plan, &staging, &mut self.store, &rejects)
                .expect("both sides are summed up");
            if !sums.adds_up() {
                report.differ("", "", "sums", format!("{sums:?}"));
            }
        }
        report
    }

    pub(super) fn rollback(&mut self, extent: Extent) -> RollbackReport {
        let plan = Plan::from_text(&self.text).expect("it is a plan");
        let staging = Staging::scratch(Some(self.folder.path())).expect("a staging database");
        let occasion = rollback::Occasion {
            now: NOW,
            incarnation: self.draw(),
            is_rehearsal: false,
        };
        rollback(
            &plan,
            &staging,
            &mut self.store,
            extent,
            occasion,
            &mut Quiet,
        )
        .expect("the rollback ends")
    }

    pub(crate) fn documents(&mut self) -> BTreeMap<DocumentId, Document> {
        let mut documents = BTreeMap::new();
        let mut cursor = 0;
        loop {
            let page = self.store.page(cursor).expect("the feed is read");
            let found = page.documents.into_iter();
            documents.extend(found.map(|document| (document.id(), document)));
            if !page.more {
                return documents;
            }
            cursor = page.cursor;
        }
    }

    pub(super) fn state(&mut self) -> BTreeMap<DocumentId, [u8; 16]> {
        let documents = self.documents().into_iter();
        documents
            .map(|(id, document)| (id, document.state_hash()))
            .collect()
    }

    pub(super) fn document(&mut self, id: DocumentId) -> Document {
        self.documents().remove(&id).expect("it is there")
    }

    pub(super) fn order(&mut self, id: DocumentId) -> Order {
        Order::of(&self.document(id)).expect("it is an order")
    }

    /// Somebody at a branch writes, having seen what the store holds now.
    pub(super) fn staff_writes(&mut self, id: DocumentId, field: &'static str, value: &str) {
        let document = self.document(id);
        self.staff_writes_in(&document, field, value);
    }

    /// Somebody at a branch writes, having seen only this state.
    pub(super) fn staff_writes_in(
        &mut self,
        document: &Document,
        field: &'static str,
        value: &str,
    ) {
        let actor = Actor::new(ReplicaNumber(3), 1);
        let anna = StaffId(DocumentId::named("staff/anna"));
        let mut authoring = Authoring::new(actor, self.staff_counter, Hlc::at(NOW), Some(anna));
        let mut change = Change::of(document);
        change.set(&mut authoring, fields::known(field), value);
        self.staff_counter = authoring.counter();
        let delta = format::encode(&change.finish());
        let refused = self.store.push(vec![delta], 0, 0);
        assert_eq!(refused.expect("the store takes it"), []);
    }

    pub(super) fn visible_orders(&mut self) -> usize {
        let documents = self.documents().into_values();
        documents
            .filter(|document| Order::of(document).is_some() && !is_withdrawn(document))
            .count()
    }
}

pub(crate) fn stage(source: &Path) -> (Staging, String) {
    let mut staging = Staging::create(None).expect("a staging database");
    let summary = read_source(source, &mut staging, |_, _| {}).expect("the source is read");
    (staging, summary.sha256)
}

pub(crate) fn sha256_of(source: &Path) -> String {
    stage(source).1
}

pub(super) struct Quiet;

impl Progress for Quiet {
    fn begin(&mut self, _: u64) {}
    fn advance(&mut self, _: u64, _: u64) {}
    fn end(&mut self) {}
}
