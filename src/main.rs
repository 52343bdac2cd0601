//! The `dossier` binary. Only the library below it is built so far.

fn main() {}
