//! SAY IT: the report as table, JSON, Markdown, HTML, SARIF and JUnit; pure.
