//! A sync and a rollback whose line to the hub is cut between two batches.

use super::*;

/// A store that is lost sight of after some batches, which are small here.
struct BreakingOff<'a> {
    store: &'a mut Store,
    batches_left: u32,
}

impl Target for BreakingOff<'_> {
    fn replica(&self) -> ReplicaNumber {
        self.store.replica()
    }

    fn batch_limits(&self) -> BatchLimits {
        BatchLimits {
            documents: 2,
            ..self.store.batch_limits()
        }
    }

    fn push(
        &mut self,
        batch: Vec<Vec<u8>>,
        highest_counter: u64,
        pending: u64,
    ) -> Result<Vec<Refusal>, TargetError> {
        let Some(left) = self.batches_left.checked_sub(1) else {
            return Err(TargetError::Unreachable {
                hub: self.name(),
                reason: "the line is cut".to_owned(),
            });
        };
        self.batches_left = left;
        self.store.push(batch, highest_counter, pending)
    }

    fn page(&mut self, after: u64) -> Result<Page, TargetError> {
        self.store.page(after)
    }

    fn name(&self) -> String {
        self.store.name()
    }
}

#[test]
fn a_sync_and_a_rollback_that_are_broken_off_go_on_where_they_stopped() {
    let mut side = Side::planned_for(&week(0));
    side.run(&week(0));
    side.correct("zero_date = 13", "zero_date = 20");
    let before = side.state().len();
    let (mut staging, sha256) = stage(&week(1));
    let plan = side.plan(&mut staging);
    for batches_left in 0..3 {
        let occasion = sync::Occasion {
            source_sha256: &sha256,
            now: NOW,
            incarnations: [side.draw(), side.draw()],
        };
        let mut target = BreakingOff {
            store: &mut side.store,
            batches_left,
        };
        let mut rejects = std::io::sink();
        let ended = sync(
            &plan,
            &staging,
            &mut target,
            occasion,
            &mut rejects,
            &mut Quiet,
        );
        assert!(matches!(ended, Err(RunError::Apply(_))), "{batches_left}");
    }
    assert!(side.state().len() > before, "nothing came through at all");
    let whole = side.sync(&week(1));
    assert_eq!(whole.round, 2, "it is the same round still");
    assert_clean(&side.verify(&week(1)));
    assert!(side.diff(&week(1)).is_clean());

    for batches_left in 0..3 {
        let occasion = rollback::Occasion {
            now: NOW,
            incarnation: side.draw(),
            is_rehearsal: false,
        };
        let mut target = BreakingOff {
            store: &mut side.store,
            batches_left,
        };
        let ended = rollback(
            &plan,
            &staging,
            &mut target,
            Extent::ToBefore(2),
            occasion,
            &mut Quiet,
        );
        assert!(matches!(ended, Err(RunError::Apply(_))), "{batches_left}");
    }
    side.rollback(Extent::ToBefore(2));
    assert_clean(&side.verify(&week(0)));
    assert!(side.diff(&week(0)).is_clean());
}
