//! The table that goes into a Markdown file.

use crate::readme::*;
use crate::tests::table::{cases, record};

#[test]
fn a_row_says_what_was_measured_and_each_goal() {
    let text = table(&record(), &cases(), 5);
    let row = |profile: &str| text.lines().find(|l| l.contains(profile)).unwrap().to_string();
    assert_eq!(
        row("`ggml-avx2`"),
        "| F32, 768x768, flash, 2 threads | `ggml-avx2` | 1.00 s | 2.00 s (`some-build`) | 2.00x | 1.40x faster: yes, 2.00x | 4, 50 % | -, - | equal |"
    );
    assert!(row("`fast`").contains("2.40x faster: NO, 2.00x") && row("`fast`").contains("NMSE 2.5e-5"));
    assert!(text.contains("- reference: ") && text.contains("5 pair(s)"));
}

#[test]
fn the_table_replaces_the_one_between_the_marks_and_nothing_else() {
    let begin = "<!-- speed: written by make bench README=README.md -->\n";
    let old = format!("before\n{begin}old\n<!-- end of speed -->\nafter\n");
    assert_eq!(placed(&old, "new\n").unwrap(), old.replace("old\n", "new\n"));
    assert!(placed("before\n", "new\n").unwrap_err().contains("no line \"<!-- speed"));
    assert!(placed(begin, "new\n").unwrap_err().contains("no line \"<!-- end of speed"));
}
