//! Finds a configuration file and reads it, with the files of the `plugin.d` beside it.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    os::unix::fs::FileTypeExt as _,
    path::{Path, PathBuf},
};

use super::{Document, Fault, Faults};

/// A configuration is a few kilobytes; this keeps `-c /dev/zero` from filling the memory.
const LARGEST: u64 = 1 << 20;

/// The first of the places that holds a readable file.
///
/// `what` is said when there is none (`server.cfg`). A file that is there but can't be read is
/// passed over, as the original does, and named when nothing else is found.
pub fn find(what: &str, candidates: &[PathBuf]) -> Result<PathBuf, Faults> {
    let mut refused = None;
    for candidate in candidates {
        match open(candidate) {
            Ok(_) => return Ok(candidate.clone()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => refused = refused.or(Some((candidate, error))),
        }
    }
    let right = "name one with `-c FILE`, or try `mcollective enable --demo DIR`";
    if let Some((file, error)) = refused {
        return Err(Fault::new(file, None, format!("can't be read: {error}"), right).into());
    }
    let first = candidates.first().map_or(Path::new(what), PathBuf::as_path);
    let message = match candidates.len() {
        0 | 1 => format!("there is no {what}"),
        2 => format!("there is no {what}, here or in another place"),
        more => format!("there is no {what}, here or in {} other places", more - 1),
    };
    Err(Fault::new(first, None, message, right).into())
}

/// Reads a file and its `plugin.d`.
pub fn read(file: &Path) -> Result<Document, Faults> {
    let mut document = read_alone(file)?;
    let directory = file.with_file_name("plugin.d");
    let mut faults = Vec::new();
    for (name, path) in plugin_files(&directory, &mut document.warnings, &mut faults) {
        match contents(&path) {
            Ok(bytes) => document.add_plugin(&name, &path, &bytes),
            Err(error) => faults.push(unreadable(&path, &error)),
        }
    }
    document.faults.append(&mut faults);
    Ok(document)
}

/// Reads a file only; a broker has no plugins.
pub fn read_alone(file: &Path) -> Result<Document, Faults> {
    let bytes = contents(file).map_err(|error| unreadable(file, &error))?;
    Ok(Document::parse(file, &bytes))
}

/// Name and path of each `NAME.cfg`, in the order of their names: the original leaves the order to
/// the file system.
fn plugin_files(
    directory: &Path,
    warnings: &mut Vec<Fault>,
    faults: &mut Vec<Fault>,
) -> Vec<(String, PathBuf)> {
    let listing = match fs::read_dir(directory) {
        Ok(listing) => listing,
        Err(error) => {
            let absent = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
            if !absent.contains(&error.kind()) {
                faults.push(unreadable(directory, &error));
            }
            return Vec::new();
        }
    };
    let mut paths: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name.and_then(|name| name.strip_suffix(".cfg")) else {
            continue;
        };
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.is_empty() && name.chars().all(is_word) {
            files.push((name.to_owned(), path));
        } else if !name.starts_with('.') {
            let right = "a plugin's file is named with letters, digits and `_`";
            warnings.push(Fault::new(
                &path,
                None,
                "ignored: not a plugin's name",
                right,
            ));
        }
    }
    files
}

fn open(file: &Path) -> io::Result<File> {
    // A shell's `<(command)` is a pipe that somebody writes to; of one in a directory nobody knows.
    let is_shells = ["/dev", "/proc"].iter().any(|dir| file.starts_with(dir));
    if !is_shells && fs::metadata(file)?.file_type().is_fifo() {
        return Err(io::Error::other("it is a FIFO"));
    }
    let opened = File::open(file)?;
    if opened.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(opened)
}

fn contents(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(file)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(bytes)
}

fn unreadable(file: &Path, error: &io::Error) -> Fault {
    let right = match error.kind() {
        io::ErrorKind::PermissionDenied => "run as its owner, or change its mode",
        io::ErrorKind::NotFound => "check the path",
        _ => "",
    };
    Fault::new(file, None, format!("can't be read: {error}"), right)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn put(path: &Path, text: &str) {
        let parent = path.parent().unwrap();
        fs::create_dir_all(parent).unwrap();
        File::create(path)
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }

    #[test]
    fn the_first_readable_file_wins() {
        let home = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = ["a", "b/client.cfg", "c/client.cfg"]
            .map(|name| home.path().join(name))
            .into();
        let error = find("client.cfg", &paths).unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "{}: there is no client.cfg, here or in 2 other places; name one with `-c FILE`, or try `mcollective enable --demo DIR`",
                paths[0].display()
            )
        );
        put(&paths[2], "");
        assert_eq!(find("client.cfg", &paths).unwrap(), paths[2]);
        put(&paths[1], "");
        assert_eq!(find("client.cfg", &paths).unwrap(), paths[1]);
        // A directory in a file's place is no configuration, and named when there is no other.
        fs::create_dir(&paths[0]).unwrap();
        assert_eq!(find("client.cfg", &paths).unwrap(), paths[1]);
        let error = find("client.cfg", &paths[..1]).unwrap_err().to_string();
        assert!(error.contains("can't be read: is a directory"), "{error}");
    }

    #[test]
    fn plugin_files_are_read_in_order_of_their_names() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        put(&at("server.cfg"), "plugin.b.x = 1\n");
        put(&at("plugin.d/b.cfg"), "x = 2\n");
        put(&at("plugin.d/a.cfg"), "y.z = 3\n");
        put(&at("plugin.d/a-b.cfg"), "no = 1\n");
        put(&at("plugin.d/README"), "no = 1\n");
        let document = read(&at("server.cfg")).unwrap();
        let entries: Vec<_> = document
            .entries
            .iter()
            .map(|e| (e.key.as_str(), e.value.as_str()))
            .collect();
        assert_eq!(
            entries,
            [
                ("plugin.b.x", "1"),
                ("plugin.a.y.z", "3"),
                ("plugin.b.x", "2")
            ]
        );
        assert_eq!(document.warnings.len(), 1);
        assert!(document.faults.is_empty());
    }

    #[test]
    fn endless_files_are_refused() {
        let error = read(Path::new("/dev/zero")).unwrap_err().to_string();
        assert_eq!(error, "/dev/zero: can't be read: it is larger than 1 MiB");
        let error = read(Path::new("/nonexistent/a.cfg"))
            .unwrap_err()
            .to_string();
        assert!(error.ends_with("; check the path"), "{error}");
    }
}
