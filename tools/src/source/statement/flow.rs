//! Where statements begin and end in a script of SQL Server, which needs no terminators: at `GO`, at `;` and at any word
//! that can only open a statement; and which of them run: those in `IF ... BEGIN ... END`.
//!
//! A condition that asks whether something is there (`IF NOT EXISTS (SELECT * FROM sys.objects ...)`) guards a script that
//! may be run twice. Such a script is read as it runs the first time. Every other condition only the server could decide:
//! what depends on it is stepped over, and reported where it would have changed rows.

use super::{Piece, Sink, State, StatementReader};
use crate::source::lexer::{Token, TokenKind};
use crate::source::words::kind_of;

/// Blocks nested deeper than this are no script that a person wrote.
const DEEPEST_BLOCK: usize = 256;

/// Words that open a statement wherever a statement may end.
const OPENERS: [&str; 43] = [
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "SELECT",
    "CREATE",
    "ALTER",
    "DROP",
    "TRUNCATE",
    "SET",
    "USE",
    "EXEC",
    "EXECUTE",
    "PRINT",
    "DECLARE",
    "IF",
    "WHILE",
    "BEGIN",
    "END",
    "ELSE",
    "RETURN",
    "RAISERROR",
    "THROW",
    "COMMIT",
    "ROLLBACK",
    "SAVE",
    "GRANT",
    "DENY",
    "REVOKE",
    "GOTO",
    "WAITFOR",
    "OPEN",
    "FETCH",
    "CLOSE",
    "DEALLOCATE",
    "DBCC",
    "BACKUP",
    "RESTORE",
    "BULK",
    "BREAK",
    "CONTINUE",
    "CHECKPOINT",
    "RECONFIGURE",
];

/// Names that a condition asks the catalogue by.
const CATALOGUE: [&str; 12] = [
    "SYS",
    "SYSOBJECTS",
    "SYSDATABASES",
    "SYSINDEXES",
    "SYSCOLUMNS",
    "SYSUSERS",
    "INFORMATION_SCHEMA",
    "OBJECT_ID",
    "SCHEMA_ID",
    "COL_LENGTH",
    "TYPE_ID",
    "DB_ID",
];

/// Which statements run, at the place that is being read.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// For each open block, whether it runs.
    blocks: Vec<bool>,
    /// A condition was read: whether the statement or block that follows it runs.
    pending: Option<Condition>,
    case_depth: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// What follows runs.
    Holds,
    /// What follows runs: it adds what is not there yet.
    Missing,
    /// Nobody knows; what follows does not run here.
    Unknown,
}

impl Flow {
    /// Whether the statement at hand runs.
    pub(super) fn runs(&self) -> bool {
        self.pending != Some(Condition::Unknown) && self.blocks.iter().all(|runs| *runs)
    }

    /// The statement at hand runs where its rows are not there yet.
    pub(super) fn inserts_what_is_missing(&self) -> bool {
        self.pending == Some(Condition::Missing)
    }

    pub(super) fn statement_ended(&mut self) {
        self.pending = None;
        self.case_depth = 0;
    }

    /// `CASE ... END` inside a statement: that `END` closes no block.
    pub(super) fn count_case(&mut self, word: &[u8]) {
        if word.eq_ignore_ascii_case(b"CASE") {
            self.case_depth += 1;
        } else if word.eq_ignore_ascii_case(b"END") {
            self.case_depth = self.case_depth.saturating_sub(1);
        }
    }

    fn open_block(&mut self, catches: bool) {
        let runs = !catches && self.pending.take() != Some(Condition::Unknown);
        if self.blocks.len() < DEEPEST_BLOCK {
            self.blocks.push(runs);
        }
    }
}

impl StatementReader {
    /// A procedure, function, trigger or view of SQL Server: it reaches to the end of its batch.
    pub(super) fn is_module(&self) -> bool {
        if self.dialect != crate::source::dialect::Dialect::SqlServer {
            return false;
        }
        let is = |at: usize, words: &[&str]| {
            self.pieces
                .get(at)
                .is_some_and(|piece| words.iter().any(|word| piece.is_word(word)))
        };
        let object = if is(1, &["OR"]) { 3 } else { 1 };
        is(0, &["CREATE", "ALTER"])
            && is(
                object,
                &["PROCEDURE", "PROC", "FUNCTION", "TRIGGER", "VIEW"],
            )
    }

    /// Whether this word opens a statement although the one before bears no terminator.
    pub(super) fn opens_in_batch(&self, token: &Token) -> bool {
        let text = self.lexer.text(token);
        let is = |words: &[&str]| {
            words
                .iter()
                .any(|word| text.eq_ignore_ascii_case(word.as_bytes()))
        };
        match self.state {
            State::Start | State::Body { .. } | State::Copy => false,
            State::BetweenRows { comma: false, .. } | State::BehindRows { .. } => is(&OPENERS),
            State::BetweenRows { .. } | State::Broken => token.first_on_line && is(&OPENERS),
            State::InRow { filled, .. } => {
                token.first_on_line && filled == super::Filled::Nothing && is(&["INSERT", "CREATE"])
            }
            State::Select(selected) => {
                let goes_on = selected.expects_select() && is(&["SELECT"]);
                self.depth == 0 && self.flow.case_depth == 0 && is(&OPENERS) && !goes_on
            }
            State::Set(_) => token.first_on_line && self.depth == 0 && is(&OPENERS),
            State::Collect { .. } => {
                if self.depth > 0 || self.is_module() {
                    return false;
                }
                if self.pieces.len() == 1 && (self.begins("BEGIN") || self.begins("END")) {
                    // `BEGIN TRY`, `BEGIN TRANSACTION`, `END CATCH`: the second word decides.
                    return false;
                }
                if self.begins("IF") || self.begins("WHILE") {
                    return is(&OPENERS) && !is(&["END", "ELSE"]);
                }
                if is(&["END"]) {
                    return self.flow.case_depth == 0;
                }
                (token.first_on_line || is(&["ELSE"]))
                    && self.flow.case_depth == 0
                    && is(&OPENERS)
                    && !self.goes_on_with(&is)
            }
        }
    }

    /// Whether the statement at hand is one that such a word belongs to.
    fn goes_on_with(&self, is: &dyn Fn(&[&str]) -> bool) -> bool {
        let Some(first) = self.pieces.first() else {
            return false;
        };
        match first.text.to_ascii_uppercase().as_str() {
            "INSERT" => is(&["SELECT", "EXEC", "EXECUTE"]),
            "UPDATE" => is(&["SET"]),
            "SELECT" => is(&["SELECT"]),
            "WITH" => is(&["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"]),
            "MERGE" | "GRANT" | "DENY" | "REVOKE" => true,
            // `ALTER TABLE x` and, on the next line, what is altered.
            "ALTER" => {
                let acts = ["ADD", "DROP", "ALTER", "SET", "CHECK", "NOCHECK", "WITH"];
                !self
                    .pieces
                    .iter()
                    .skip(1)
                    .any(|piece| acts.iter().any(|word| piece.is_word(word)))
            }
            _ => false,
        }
    }

    /// `BEGIN`, `END`, `ELSE`: no statements, but what holds them. `true`: the token was one of these.
    pub(super) fn takes_flow_word<S: Sink>(
        &mut self,
        token: &Token,
        sink: &mut S,
    ) -> Result<bool, S::Failure> {
        if token.kind != TokenKind::Word {
            return Ok(false);
        }
        if self.lexer.text(token).eq_ignore_ascii_case(b"ELSE") {
            self.flow.pending = Some(Condition::Unknown);
            sink.skipped(token.line, "ELSE")?;
            return Ok(true);
        }
        Ok(false)
    }

    /// The second word behind `BEGIN` or `END` at the start of a statement. `true`: the token was used up.
    pub(super) fn takes_second_word(&mut self, token: &Token) -> bool {
        let text = self.lexer.text(token);
        let is = |words: &[&str]| {
            words
                .iter()
                .any(|word| text.eq_ignore_ascii_case(word.as_bytes()))
        };
        let named = token.kind == TokenKind::Word && is(&["TRY", "CATCH"]);
        let catches = token.kind == TokenKind::Word && is(&["CATCH"]);
        if self.begins("BEGIN") {
            self.flow.open_block(catches);
        } else {
            self.flow.blocks.pop();
            self.flow.pending = None;
        }
        self.pieces.clear();
        self.state = State::Start;
        named || token.kind == TokenKind::Terminator
    }

    /// Whether the statement at hand is `BEGIN` or `END`, and this token is none that makes it a transaction.
    pub(super) fn is_block_word(&self, token: &Token) -> bool {
        let [only] = self.pieces.as_slice() else {
            return false;
        };
        let text = self.lexer.text(token);
        let transaction = [
            "TRAN",
            "TRANSACTION",
            "DISTRIBUTED",
            "DIALOG",
            "CONVERSATION",
        ]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word.as_bytes()));
        (only.is_word("BEGIN") && !transaction) || only.is_word("END")
    }

    /// A condition is whole, because the word that follows opens a statement.
    pub(super) fn end_condition<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Failure> {
        let nested = self.flow.pending == Some(Condition::Unknown);
        let condition = if nested || self.begins("WHILE") {
            Condition::Unknown
        } else {
            judge(&self.pieces)
        };
        sink.skipped(self.statement_line, &kind_of(&self.pieces))?;
        self.flow.pending = Some(condition);
        self.flow.case_depth = 0;
        self.pieces.clear();
        self.piece_bytes = 0;
        self.state = State::Start;
        Ok(())
    }

    /// `GO`: every statement and block of the batch ends.
    pub(super) fn end_batch<S: Sink>(
        &mut self,
        token: &Token,
        sink: &mut S,
    ) -> Result<(), S::Failure> {
        let block_word = self.pieces.len() == 1 && (self.begins("BEGIN") || self.begins("END"));
        if matches!(self.state, State::Collect { .. }) && block_word {
            self.statement_ended();
        } else if matches!(self.state, State::Collect { .. }) {
            self.end_statement(sink)?;
        } else {
            self.end_early(token, sink)?;
        }
        self.flow = Flow::default();
        Ok(())
    }
}

/// What is to be made of `IF ...`.
fn judge(condition: &[Piece]) -> Condition {
    let is = |at: usize, word: &str| condition.get(at).is_some_and(|piece| piece.is_word(word));
    let asks_catalogue = condition.iter().any(|piece| {
        piece.is_name()
            && CATALOGUE
                .iter()
                .any(|name| piece.text.eq_ignore_ascii_case(name))
    });
    if asks_catalogue {
        Condition::Holds
    } else if is(1, "NOT") && is(2, "EXISTS") {
        Condition::Missing
    } else {
        Condition::Unknown
    }
}
