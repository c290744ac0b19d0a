//! Names side by side, as the original prints them.

use crate::text;

/// Names in columns at least 30 wide, as many as 90 characters hold.
pub(crate) fn names<S: AsRef<str>>(names: &[S], indent: &str) -> Vec<String> {
    let longest = names.iter().map(|name| name.as_ref().chars().count()).max();
    let width = longest.unwrap_or(0).max(30);
    let columns = (90 / width).max(1);
    fixed(names, columns, width, indent)
}

/// Names in a fixed number of columns.
pub(crate) fn fixed<S: AsRef<str>>(
    names: &[S],
    columns: usize,
    width: usize,
    indent: &str,
) -> Vec<String> {
    names
        .chunks(columns)
        .map(|row| {
            let cells: Vec<String> = (0..columns)
                .map(|at| text::left(row.get(at).map_or("", AsRef::as_ref), width))
                .collect();
            format!("{indent}{}", cells.join(" "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_up_as_the_original_does() {
        assert_eq!(
            names(&["apache", "common", "mcollective", "role::web"], "    "),
            [
                "    apache                         common                         mcollective                   ",
                "    role::web                                                                                   ",
            ]
        );
        assert_eq!(fixed(&["a"], 3, 15, "      ").len(), 1);
        assert_eq!(names::<&str>(&[], " "), Vec::<String>::new());
    }
}
