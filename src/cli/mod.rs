//! argv -> config -> one subcommand -> exit code.
