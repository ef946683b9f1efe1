//! What the package managers are told of a release: all of it, and the same everywhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Args;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Two small programs, as far as their first bytes say, and their SHA-256.
const NEW: (&[u8], &str) = (b"MZ new", "46ffe99048374fcbc382f382890bd99bd59b6437b7e120926e2cc8458da42148");
const OLD: (&[u8], &str) = (b"MZ old", "44f59413b683005e0106a15905baeb00488294e3dc25de13f30b73fd83de0601");

fn package(folder: &Path, new: &[u8], old: &[u8]) -> anyhow::Result<()> {
    let (exe, exe_win7) = (folder.join("new.exe"), folder.join("old.exe"));
    fs::write(&exe, new).unwrap();
    fs::write(&exe_win7, old).unwrap();
    super::write(&Args { exe, exe_win7, output: folder.join("out") })
}

/// What was written: names with `/`, and texts.
fn written() -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), NEW.0, OLD.0).unwrap();
    let out = folder.path().join("out");
    let mut files = BTreeMap::new();
    let mut folders = vec![out.clone()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&out).unwrap().to_str().unwrap().replace('\\', "/");
                files.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    files
}

/// The top keys of a YAML file and their values.
fn keys(yaml: &str) -> BTreeMap<&str, &str> {
    yaml.lines()
        .filter(|line| !line.starts_with(['#', '-', ' ']))
        .filter_map(|line| line.split_once(':'))
        .map(|(k, v)| (k, v.trim()))
        .collect()
}

#[test]
fn winget_has_every_field_that_its_schema_requires() {
    let files = written();
    for (file, kind, required) in [
        ("", "version", &["DefaultLocale"][..]),
        (".installer", "installer", &["Installers", "InstallerType", "Commands"]),
        (".locale.en-US", "defaultLocale", &["PackageLocale", "Publisher", "PackageName", "License", "ShortDescription"]),
    ] {
        let keys = keys(&files[&format!("winget/why503.why503{file}.yaml")]);
        for name in ["PackageIdentifier", "PackageVersion", "ManifestType", "ManifestVersion"].iter().chain(required) {
            assert!(keys.contains_key(name), "{kind}: {name} is missing");
        }
        assert_eq!((keys["PackageIdentifier"], keys["PackageVersion"], keys["ManifestType"]), ("why503.why503", VERSION, kind));
        for (key, value) in keys {
            // Such a value would be no plain text in YAML.
            assert!(!value.contains(": ") && !value.contains(" #") && value.len() <= 256, "{key}: {value}");
        }
    }
    let installer = &files["winget/why503.why503.installer.yaml"];
    for field in ["- Architecture: x64", "  InstallerUrl: https://", "  InstallerSha256: "] {
        assert!(installer.contains(field), "{field}: {installer}");
    }
}

#[test]
fn scoop_and_chocolatey_have_every_field_that_theirs_require() {
    let files = written();
    let scoop: Value = serde_json::from_str(&files["scoop/why503.json"]).unwrap();
    for field in ["version", "description", "homepage", "license", "bin"] {
        assert!(scoop[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {scoop}");
    }
    assert_eq!((scoop["version"].as_str(), scoop["license"].as_str()), (Some(VERSION), Some("MIT|Apache-2.0")));
    let nuspec = &files["chocolatey/why503.nuspec"];
    let mut reader = quick_xml::Reader::from_str(nuspec);
    while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
    for field in ["id", "version", "authors", "description", "summary", "projectUrl", "packageSourceUrl"] {
        let (_, after) = nuspec.split_once(&format!("<{field}>")).unwrap_or_else(|| panic!("{field} is missing"));
        assert!(!after.starts_with('<'), "{field} is empty");
    }
    assert!(nuspec.contains(&format!("<version>{VERSION}</version>")));
}

#[test]
fn versions_hashes_and_addresses_agree() {
    let files = written();
    let address = |name: &str| format!("https://github.com/why503/why503/releases/download/v{VERSION}/{name}");
    let (new, old) = (format!("why503-{VERSION}-x86_64.exe"), format!("why503-{VERSION}-x86_64-win7.exe"));
    assert_eq!(files["SHA256SUMS"], format!("{}  {new}\n{}  {old}\n", NEW.1, OLD.1));
    assert_eq!((files[&new].as_bytes(), files[&old].as_bytes()), (NEW.0, OLD.0));
    let winget = &files["winget/why503.why503.installer.yaml"];
    assert!(winget.contains(&format!("InstallerUrl: {}\n", address(&new))) && winget.contains(&NEW.1.to_uppercase()), "{winget}");
    let scoop: Value = serde_json::from_str(&files["scoop/why503.json"]).unwrap();
    let scoop = &scoop["architecture"]["64bit"];
    assert_eq!(scoop["url"].as_str(), Some(format!("{}#/why503.exe", address(&new)).as_str()));
    assert_eq!(scoop["hash"].as_str(), Some(NEW.1));
    let install = &files["chocolatey/tools/chocolateyinstall.ps1"];
    for (url, hash) in [(address(&new), NEW.1), (address(&old), OLD.1)] {
        assert!(install.contains(&format!("$url = '{url}'\n  $checksum = '{hash}'")), "{install}");
    }
    let notes = &files["RELEASE.md"];
    assert!(notes.contains(NEW.1) && notes.contains(OLD.1) && notes.contains("The first version"), "{notes}");
}

#[test]
fn what_is_no_release_is_refused() {
    for (new, old, wanted) in
        [(&b"MZ same"[..], &b"MZ same"[..], "the same program"), (b"#!/bin/sh", b"MZ", "no Windows program")]
    {
        let folder = tempfile::tempdir().unwrap();
        let told = package(folder.path(), new, old).unwrap_err().to_string();
        assert!(told.contains(wanted), "{told}");
        assert!(!folder.path().join("out").exists());
    }
}
