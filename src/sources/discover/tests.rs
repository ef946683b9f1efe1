//! Folders, patterns and names against real files.

use super::*;

fn names(look: &Look, under: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        look.seen.iter().map(|s| s.path.strip_prefix(under).unwrap().to_str().unwrap().replace('\\', "/")).collect();
    names.sort();
    names
}

#[test]
fn folders_are_looked_through_and_archives_only_counted() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    fs::create_dir_all(at.join("W3SVC1/deep")).unwrap();
    for name in ["W3SVC1/a.log", "W3SVC1/a.log.1", "W3SVC1/deep/B.LOG", "c.csv", "d.exe", "a.log.gz", ".hidden.log", "e.zip"] {
        fs::write(at.join(name), "x").unwrap();
    }
    let got = look(&[at.to_owned(), at.join("a.log")]);
    assert_eq!(names(&got, at), ["W3SVC1/a.log", "W3SVC1/a.log.1", "W3SVC1/deep/B.LOG", "c.csv"]);
    let rotated = got.seen.iter().find(|s| s.path.ends_with("a.log.1")).unwrap();
    assert_eq!(rotated.base, Some(at.join("W3SVC1/a.log")));
    assert_eq!(got.left_out, BTreeMap::from([((at.to_owned(), LeftOut::Compressed), 2)]));
}

#[test]
fn of_a_log_that_is_named_its_own_archives_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a.log", "a.log.1.gz", "a.log-20261120.zst", "a.zip", "b.log.gz", "b.zip"] {
        fs::write(dir.path().join(name), "x").unwrap();
    }
    assert_eq!(look(&[dir.path().join("a.log")]).left_out, BTreeMap::from([((dir.path().to_owned(), LeftOut::Compressed), 3)]));
}

#[test]
fn a_recording_below_a_folder_is_not_looked_into_unless_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    for name in ["a.log", "deep/recording/a.log", "deep/recording/recording.lock", "deep/b.log"] {
        fs::create_dir_all(at.join(name).parent().unwrap()).unwrap();
        fs::write(at.join(name), "x").unwrap();
    }
    assert_eq!(names(&look(&[at.to_owned()]), at), ["a.log", "deep/b.log"]);
    assert_eq!(names(&look(&[at.join("*/*")]), at), ["deep/b.log"]);
    assert_eq!(names(&look(&[at.join("deep/*/*.log")]), at), Vec::<String>::new());
    assert_eq!(names(&look(&[at.join("deep/recording")]), at), ["deep/recording/a.log"]);
}

#[test]
fn folders_and_patterns_without_a_log_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, pattern) = (dir.path().to_owned(), dir.path().join("u_*.log"));
    fs::write(dir.path().join("a.log.gz"), "x").unwrap();
    assert_eq!(look(&[folder.clone(), pattern.clone()]).unmatched, [folder.clone(), pattern.clone()]);
    fs::write(dir.path().join("u_ex.log"), "x").unwrap();
    assert!(look(&[folder, pattern]).unmatched.is_empty());
}

#[test]
fn patterns_fit_in_every_component() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    for name in ["W3SVC1/u_ex1.log", "W3SVC2/u_ex2.log", "other/u_ex3.log", "W3SVC1/in.log", "W3SVC1/u_ex1.log.old"] {
        fs::create_dir_all(at.join(name).parent().unwrap()).unwrap();
        fs::write(at.join(name), "x").unwrap();
    }
    assert_eq!(names(&look(&[at.join("W3SVC?/u_*.log")]), at), ["W3SVC1/u_ex1.log", "W3SVC1/u_ex1.log.old", "W3SVC2/u_ex2.log"]);
}

#[test]
fn what_is_named_is_followed_whatever_its_name_and_may_be_absent() {
    let dir = tempfile::tempdir().unwrap();
    let (odd, gone) = (dir.path().join("odd.dat"), dir.path().join("gone.log"));
    fs::write(&odd, "x").unwrap();
    let got = look(&[odd.clone(), gone.clone(), odd.clone()]);
    assert_eq!((names(&got, dir.path()), got.absent.clone()), (vec![String::from("odd.dat")], vec![gone]));
    assert!(got.blind.is_empty());
}

#[test]
fn stars_take_as_much_as_they_must() {
    for (pattern, name, fits) in
        [("*.log", "a.log", true), ("*.log", "a.logs", false), ("a*b*c", "aXbYbZc", true), ("?", "", false), ("*", "", true)]
    {
        assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), fits, "{pattern} {name}");
    }
}
