//! One drift cycle, top to bottom: desired -> inventory -> diff -> judge -> report.
