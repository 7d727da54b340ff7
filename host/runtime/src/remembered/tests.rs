use super::*;

fn version(number: u32, state: Place) -> RememberedVersion {
    RememberedVersion {
        number,
        name: "mine".into(),
        version: "0.1.0".into(),
        digest: digest(number),
        configuration: Some("a = 1".into()),
        state,
        split: (state == Place::Candidate).then(|| plugin::Share::new(10).unwrap().into()),
        left_ms: (state == Place::Draining).then_some(1_790_000_000_000),
        adopted: false,
    }
}

fn digest(number: u32) -> String {
    format!("{number:064x}")
}

fn remembered() -> Remembered {
    let versions = vec![version(3, Place::Active), version(4, Place::Candidate), version(1, Place::Draining)];
    Remembered { file: digest(3), last_number: 4, before: Some(1), versions, ..Remembered::new("edge") }
}

#[test]
fn what_is_saved_is_read_by_whoever_opens_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Folder::of(folder.path()).read("edge").unwrap(), None);
    Folder::of(folder.path()).save(remembered, |_| true);
    assert_eq!(Folder::of(folder.path()).read("edge").unwrap(), Some(remembered()));
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [FILE]);
}

/// A newer host of the same format may say more of a split.
#[test]
fn what_is_not_known_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    Folder::of(folder.path()).save(remembered, |_| true);
    let file = folder.path().join(FILE);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("\"share\": 10"), "{text}");
    fs::write(&file, text.replace("\"share\": 10", "\"share\": 10, \"colour\": \"blue\"")).unwrap();
    assert_eq!(Folder::of(folder.path()).read("edge").unwrap(), Some(remembered()));
}

#[test]
fn what_does_not_serve_is_refused_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let read = |text: &str| {
        fs::write(folder.path().join(FILE), text).unwrap();
        Folder::of(folder.path()).read("edge").unwrap_err().to_string()
    };
    Folder::of(folder.path()).save(remembered, |_| true);
    let good = fs::read_to_string(folder.path().join(FILE)).unwrap();
    for (text, words) in [
        (good[..good.len() / 2].to_owned(), "EOF while parsing"),
        (String::new(), "EOF while parsing"),
        ("\0\0\0\0".into(), "expected value"),
        (good.replace("\"format\": 1", "\"format\": 2"), "its format is 2, this host knows 1"),
        (good.replace("edge", "scscf"), "it is of the role scscf"),
        (good.replace(&digest(4), "../../etc/passwd"), "version #4 has a digest that is none"),
        (good.replace("draining", "asleep"), "unknown variant `asleep`"),
    ] {
        let said = read(&text);
        assert!(said.contains(words) && said.contains(FILE), "{said}");
    }
}

#[test]
fn plugin_files_are_there_for_as_long_as_their_versions() {
    let data = tempfile::tempdir().unwrap();
    let folder = Folder::of(data.path());
    let (one, two) = (digest(1), digest(2));
    folder.keep_plugin(&one, b"one", None);
    folder.keep_plugin(&two, b"two", None);
    fs::write(data.path().join(PLUGINS).join("compiled.cwasm"), b"not ours").unwrap();
    folder.save(remembered, |_| true);
    assert_eq!(folder.plugin(&two).unwrap().bytes, b"two");
    folder.save(|| Remembered { last_number: 5, ..remembered() }, |digest| digest == one);
    assert_eq!(folder.plugin(&one).unwrap().bytes, b"one");
    assert_eq!(folder.plugin(&two).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert!(data.path().join(PLUGINS).join("compiled.cwasm").exists());
}

#[test]
fn what_is_the_same_is_not_written_again() {
    let data = tempfile::tempdir().unwrap();
    let folder = Folder::of(data.path());
    folder.save(remembered, |_| true);
    fs::remove_file(data.path().join(FILE)).unwrap();
    folder.save(remembered, |_| true);
    assert!(!data.path().join(FILE).exists());
    folder.save(|| Remembered { before: None, ..remembered() }, |_| true);
    assert!(data.path().join(FILE).exists());
}

/// What is half-written when the power goes, and what a disk refuses, is not there afterwards.
#[test]
fn nothing_half_written_stays() {
    let data = tempfile::tempdir().unwrap();
    fs::create_dir(data.path().join(PLUGINS)).unwrap();
    let half = data.path().join(PLUGINS).join(format!("{}.wasm.tmp", digest(1)));
    fs::write(&half, b"ha").unwrap();
    let folder = Folder::of(data.path());
    assert!(!half.exists());
    Folder::of(Path::new("/nowhere/at/all")).save(remembered, |_| true);
    Folder::of(Path::new("/dev/null")).keep_plugin(&digest(1), b"one", None);
    assert_eq!(folder.read("edge").unwrap(), None);
}
