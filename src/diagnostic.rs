//! A mistake in what people wrote (configuration, rules, command line): what, where, and what to write instead. Plain data;
//! knows neither YAML nor what is checked. Every code is explained in `docs/diagnostics.md`.

use std::fmt;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DiagnosticSeverity {
    /// What was written cannot be used.
    Error,
    /// It can be used, but probably does not do what was meant.
    Warning,
}

impl DiagnosticSeverity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A place in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// 1-based; 0: the text as a whole.
    pub line: u64,
    /// 1-based, in characters; 0 where `line` is.
    pub column: u64,
}

impl Position {
    pub const WHOLE_FILE: Self = Self { line: 0, column: 0 };
}

/// One mistake. Holds no text of the file where that may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable and documented: `config/unknown-key`.
    pub code: &'static str,
    pub severity: DiagnosticSeverity,
    /// Empty: it was written on the command line.
    pub file: String,
    /// 1-based; 0: the file as a whole.
    pub line: u64,
    pub column: u64,
    /// A lowercase fragment: what is not as it should be.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A mistake that is not in a file: in the command line, or in what a value refers to.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        let severity = DiagnosticSeverity::Error;
        let (file, message) = (String::new(), message.into());
        Self { code, severity, file, line: 0, column: 0, message, hint: None }
    }

    /// The same, with what to write instead.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub fn is_error(&self) -> bool {
        self.severity == DiagnosticSeverity::Error
    }

    /// The order in which people read: by file, from top to bottom.
    fn order(&self) -> impl Ord + '_ {
        (&self.file, self.line, self.column, self.severity, self.code, &self.message)
    }
}

/// As compilers write it: `file:line:column: error[code]: message`, and the hint in a line of its own.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, severity, file, line, column, message, hint } = self;
        match (file.as_str(), line) {
            ("", _) => {}
            (file, 0) => write!(f, "{file}: ")?,
            (file, line) => write!(f, "{file}:{line}:{column}: ")?,
        }
        write!(f, "{}[{code}]: {message}", severity.as_str())?;
        if let Some(hint) = hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// Collects the mistakes of one file.
#[derive(Debug)]
pub struct Diagnostics {
    file: String,
    found: Vec<Diagnostic>,
}

impl Diagnostics {
    /// `file` is only a name for the messages.
    pub fn new(file: impl Into<String>) -> Self {
        Self { file: file.into(), found: Vec::new() }
    }

    /// Notes what cannot be used.
    pub fn error(&mut self, code: &'static str, at: Position, message: impl Into<String>) {
        self.add(Diagnostic::error(code, message), at);
    }

    /// Notes what can be used, but probably does not do what was meant.
    pub fn warning(&mut self, code: &'static str, at: Position, message: impl Into<String>) {
        self.add(Diagnostic { severity: DiagnosticSeverity::Warning, ..Diagnostic::error(code, message) }, at);
    }

    /// Notes a diagnostic of this file.
    pub fn add(&mut self, diagnostic: Diagnostic, at: Position) {
        self.found.push(Diagnostic { file: self.file.clone(), line: at.line, column: at.column, ..diagnostic });
    }

    /// Errors so far; warnings do not count.
    pub fn errors(&self) -> usize {
        self.found.iter().filter(|one| one.is_error()).count()
    }

    /// In the order of the file.
    pub fn into_sorted(self) -> Vec<Diagnostic> {
        let mut found = self.found;
        sort(&mut found);
        found
    }
}

/// By file, from top to bottom.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| a.order().cmp(&b.order()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_a_compiler_writes() {
        let mut diagnostics = Diagnostics::new("f.yaml");
        diagnostics.warning("config/b", Position { line: 3, column: 1 }, "odd");
        diagnostics.add(
            Diagnostic::error("config/a", "unknown key `state`").with_hint("did you mean `states`?"),
            Position { line: 2, column: 5 },
        );
        diagnostics.error("config/c", Position::WHOLE_FILE, "failed to read it");
        assert_eq!(diagnostics.errors(), 2);
        let lines: Vec<String> = diagnostics.into_sorted().iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "f.yaml: error[config/c]: failed to read it",
                "f.yaml:2:5: error[config/a]: unknown key `state`\n  hint: did you mean `states`?",
                "f.yaml:3:1: warning[config/b]: odd",
            ]
        );
        assert_eq!(Diagnostic::error("config/a", "x").to_string(), "error[config/a]: x");
    }
}
