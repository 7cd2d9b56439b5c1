//! Configuration: file -> as written -> valid; every mistake at once, with line and column.
