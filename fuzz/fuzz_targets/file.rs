//! The file of a snapshot: loaded, or rejected with a reason and kept aside; what can be loaded is saved as the same.

#![no_main]

use std::fs;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use slo_core::{LoadError, Snapshot, SnapshotFile};

/// One file of this process.
static FILE: LazyLock<SnapshotFile> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("slo-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for temporary files");
    SnapshotFile::new(folder.join("slo.snapshot"))
});

fuzz_target!(|bytes: &[u8]| {
    fs::write(FILE.path(), bytes).expect("the folder is ours");
    match FILE.load("shop") {
        Ok(loaded) => assert!(loaded.is_some_and(|snapshot| snapshot.service() == "shop")),
        Err(LoadError::Rejected { kept_as, reason, .. }) => {
            assert!(!reason.to_string().is_empty());
            let kept_as = kept_as.expect("the folder is ours");
            assert_eq!(fs::read(&kept_as).expect("it was kept"), bytes);
            fs::remove_file(kept_as).expect("the folder is ours");
        }
        Err(refused) => panic!("{refused}"),
    }
    if let Ok(snapshot) = serde_json::from_slice::<Snapshot>(bytes) {
        FILE.save(&snapshot).expect("the folder is ours");
        let loaded = FILE.load(snapshot.service()).expect("it was saved");
        assert_eq!(loaded, Some(snapshot));
    }
});
