//! Tests of the parts of the benchmark that measure nothing: cases, results, verdicts, the table, groups of ops.
#![allow(dead_code, reason = "the benchmark itself uses the rest")]

mod cases;
mod groups;
mod readme;
mod record;
mod table;
mod verdict;

mod tests {
    mod cases;
    mod groups;
    mod readme;
    mod record;
    mod table;
    mod verdict;
}
