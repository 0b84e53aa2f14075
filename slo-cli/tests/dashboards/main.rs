//! `slo dashboards`: the files as Grafana reads them, and the command as people and CI use it.
//!
//! `SLO_BLESS=1 cargo test -p slo-cli --test dashboards` writes what it says now into `tests/dashboards/golden`.

#[path = "../common/mod.rs"]
mod common;
mod pages;
mod structure;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::{Folder, text};
use pages::{Checked, Page};

impl Folder {
    /// Runs `slo dashboards --out` this folder.
    fn dashboards(&self, more: &[&str]) -> std::io::Result<Output> {
        self.command(more).output()
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slo"));
        command.arg("dashboards").arg("--out").arg(&self.0).args(more);
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/in"));
        command
    }

    fn read(&self) -> Result<Vec<(String, String)>, Box<dyn std::error::Error>> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.0)? {
            let path = entry?.path();
            let name = path.file_name().ok_or("no name")?.to_string_lossy().into_owned();
            files.push((name, std::fs::read_to_string(path)?));
        }
        files.sort();
        Ok(files)
    }
}

/// The files that a command writes.
fn written(more: &[&str]) -> Result<Vec<(String, String)>, Box<dyn std::error::Error>> {
    let folder = Folder::new()?;
    let output = folder.dashboards(more)?;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    folder.read()
}

/// Every way in which dashboards are written.
const WAYS: [&[&str]; 5] = [
    &["real-estate.yaml"],
    &["real-estate.yaml", "--source", "raw"],
    &["calendar.yaml", "--datasource-variable", "prom"],
    &["--fleet"],
    &["--fleet", "--source", "raw"],
];

#[test]
fn every_page_is_what_grafana_reads() -> Checked {
    for way in WAYS {
        let files = written(way)?;
        assert_eq!(files.len(), 5, "{way:?}");
        structure::check_set(&files)?;
    }
    Ok(())
}

/// Of the same service, or of the fleet; pages of other services are in the same folder.
#[test]
fn a_page_that_is_written_no_more_is_said() -> Checked {
    let folder = Folder::new()?;
    for way in [&["real-estate.yaml"][..], &["calendar.yaml"], &["--fleet"]] {
        assert_eq!(folder.dashboards(way)?.status.code(), Some(0));
        let checked = folder.dashboards(&[way, &["--check"]].concat())?;
        assert_eq!(
            (checked.status.code(), text(&checked.stderr)),
            (Some(0), String::new()),
            "{way:?}"
        );
    }
    let copy = |from: &str, to: &str| std::fs::copy(folder.0.join(from), folder.0.join(to));
    copy("slo-red-real-estate.json", "slo-old-real-estate.json")?;
    copy("slo-red.json", "slo-old.json")?;
    for (way, gone) in [
        (&["real-estate.yaml"][..], "slo-old-real-estate.json"),
        (&["--fleet"], "slo-old.json"),
    ] {
        let checked = folder.dashboards(&[way, &["--check"]].concat())?;
        let line = format!("{} is not written any more, ", folder.0.join(gone).display());
        let said = text(&checked.stderr);
        assert_eq!((checked.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.starts_with(&line), "{said}");
    }
    Ok(())
}

#[test]
fn no_environment_is_added_to_another_and_no_namespace() -> Checked {
    for way in WAYS {
        for (name, content) in written(way)? {
            let is_one_of = |kinds: &[&str]| kinds.iter().any(|kind| name.starts_with(&format!("slo-{kind}")));
            if is_one_of(&["red", "freshness"]) {
                structure::check_sums(&Page::parse(&content)?).map_err(|error| format!("{name}: {error}"))?;
            }
        }
    }
    Ok(())
}

#[test]
fn the_files_are_the_same_bytes_each_time_and_as_committed() -> Checked {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dashboards/golden");
    let files = written(&["real-estate.yaml"])?;
    assert_eq!(files, written(&["real-estate.yaml"])?);
    let fleet: Vec<_> = written(&["--fleet", "--source", "raw"])?;
    let mut queries = String::new();
    for (name, content) in &fleet {
        queries.push_str(&format!("# {name}\n{}", Page::parse(content)?.listing()));
    }
    for (name, content) in files.iter().chain([&("fleet-raw.promql".to_owned(), queries)]) {
        let path = golden.join(name);
        if std::env::var_os("SLO_BLESS").is_some() {
            std::fs::write(&path, content)?;
        }
        let expected = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        assert!(content == &expected, "{name} differs; see SLO_BLESS above");
    }
    assert_eq!(
        std::fs::read_dir(&golden)?.count(),
        files.len() + 1,
        "a golden file is not used"
    );
    Ok(())
}

#[test]
fn ci_is_told_which_files_are_out_of_date() -> Checked {
    let folder = Folder::new()?;
    let check = || folder.dashboards(&["real-estate.yaml", "--check"]);
    let missing = check()?;
    assert_eq!(missing.status.code(), Some(1));
    assert_eq!(text(&missing.stderr).matches(" is not there\n").count(), 5);
    assert_eq!(folder.read()?, [], "--check writes nothing");

    let first = folder.dashboards(&["real-estate.yaml"])?;
    assert_eq!(text(&first.stdout).matches("written ").count(), 5);
    let again = folder.dashboards(&["real-estate.yaml"])?;
    assert_eq!(text(&again.stdout).matches("unchanged ").count(), 5);
    let fresh = check()?;
    assert_eq!((fresh.status.code(), text(&fresh.stderr)), (Some(0), String::new()));

    let path = folder.0.join("slo-red-real-estate.json");
    std::fs::write(&path, std::fs::read_to_string(&path)?.replacen("\"uid\"", "\"uld\"", 1))?;
    let stale = check()?;
    assert_eq!(stale.status.code(), Some(1));
    let said = format!(
        "{} is out of date, first in line 2\nrun the same command without --check, and commit what it writes\n",
        path.display()
    );
    assert_eq!(text(&stale.stderr), said);
    assert_eq!(text(&stale.stdout), "");
    Ok(())
}

#[test]
fn a_spec_is_read_from_standard_input_or_refused_with_its_mistakes() -> Checked {
    let folder = Folder::new()?;
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/in/real-estate.yaml");
    let output = folder.command(&["-"]).stdin(std::fs::File::open(spec)?).output()?;
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(folder.read()?, written(&["real-estate.yaml"])?);

    let wrong = folder.dashboards(&["mistakes.yaml"])?;
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        text(&wrong.stderr).starts_with("mistakes.yaml:"),
        "{}",
        text(&wrong.stderr)
    );
    let absent = folder.dashboards(&[])?;
    assert_eq!(absent.status.code(), Some(2));
    assert!(text(&absent.stderr).starts_with("`slo.yaml` cannot be read: "));
    for usage in [
        &["--fleet", "real-estate.yaml"][..],
        &["--datasource-variable", "slo"],
        &["--source", "x"],
    ] {
        assert_eq!(folder.dashboards(usage)?.status.code(), Some(2), "{usage:?}");
    }
    Ok(())
}

#[test]
fn a_folder_that_cannot_be_made_is_no_answer() -> Checked {
    let folder = Folder::new()?;
    let file = folder.0.join("file");
    std::fs::write(&file, "")?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_slo"));
    let output = command
        .args(["dashboards", "--fleet", "--out"])
        .arg(&file)
        .stdin(Stdio::null())
        .output()?;
    assert_eq!(output.status.code(), Some(3));
    assert!(
        text(&output.stderr).contains("cannot be made: "),
        "{}",
        text(&output.stderr)
    );
    Ok(())
}

#[test]
fn long_names_have_uids_that_grafana_takes() -> Checked {
    let folder = Folder::new()?;
    let long = "a".repeat(62);
    let mut uids = std::collections::BTreeSet::new();
    for end in ["b", "c"] {
        let spec = folder.0.join("spec.yaml");
        let slo = "{ name: a, objective: 99%, window: 1d, sli: { http: { routes: [/a] } } }";
        std::fs::write(&spec, format!("version: 1\nservice: {long}{end}\nslos: [{slo}]\n"))?;
        let spec = spec.to_string_lossy().into_owned();
        for (_, content) in written(&[&spec])? {
            let uid = Page::parse(&content)?.uid()?.to_owned();
            assert!((8..=40).contains(&uid.len()), "{uid}");
            uids.insert(uid);
        }
    }
    assert_eq!(uids.len(), 10);
    Ok(())
}

/// A bar that says `unreachable` is not green.
#[test]
fn each_state_of_a_probe_has_its_colour_in_every_panel() -> Checked {
    let files = written(&["--fleet"])?;
    let page = files.iter().find(|(name, _)| name == "slo-freshness.json");
    let page = Page::parse(&page.ok_or("no page")?.1)?;
    let words = &page.panel("As probed")?["fieldConfig"]["defaults"]["mappings"][0]["options"];
    let words = words.as_object().ok_or("no words")?;
    assert_eq!(words.len(), 7);
    let bars = &page.panel("Time by state")?["fieldConfig"]["overrides"];
    for word in words.values() {
        let state = word["text"].as_str().ok_or("no state")?;
        let of_state = format!("/^{state}( |$)/");
        let mut found = bars.as_array().into_iter().flatten();
        let bar = found.find(|change| change["matcher"]["options"] == of_state.as_str());
        let colour = &bar.ok_or("no colour")?["properties"][0]["value"]["steps"][0]["color"];
        assert_eq!(colour, &word["color"], "{state}");
    }
    Ok(())
}

#[test]
fn objectives_are_thresholds_where_every_environment_has_the_same() -> Checked {
    let folder = Folder::new()?;
    let kept = |changes: &str| -> Result<Vec<String>, Box<dyn std::error::Error>> {
        const KEPT: &str = "Kept over the window";
        let spec = folder.0.join("spec.yaml");
        let slo = |name: &str, target: &str| {
            format!(
                "  - name: {name}\n    objective: {target}\n    window: 30d\n    sli: {{ http: {{ routes: [/a] }} }}\n"
            )
        };
        let slos = slo("one", "99.9%") + &slo("two", "95%");
        std::fs::write(&spec, format!("version: 1\nservice: shop\nslos:\n{slos}{changes}"))?;
        let files = written(&[&spec.to_string_lossy()])?;
        let budget = files
            .iter()
            .find(|(name, _)| name == "slo-budget-shop.json")
            .ok_or("no budget")?;
        let page = Page::parse(&budget.1)?;
        let others = &page.panel(KEPT)?["fieldConfig"]["defaults"]["thresholds"]["steps"];
        assert_eq!(others, &serde_json::json!([{"color": "text", "value": null}]));
        page.overridden_thresholds(KEPT)
    };
    assert_eq!(kept("")?, ["/^one( |$)/: 0.999", "/^two( |$)/: 0.95"]);
    let changed = "environments:\n  dev: { slos: { two: { objective: 90% } } }\n";
    assert_eq!(kept(changed)?, ["/^one( |$)/: 0.999"]);
    Ok(())
}

#[test]
fn a_row_of_the_overview_leads_to_its_own_budget() -> Checked {
    for way in WAYS {
        let files = written(way)?;
        let overview = files.iter().find(|(name, _)| name.starts_with("slo-overview"));
        let page = Page::parse(&overview.ok_or("no overview")?.1)?;
        let changes = &page.panel("All promises")?["fieldConfig"]["overrides"];
        let properties = changes.as_array().into_iter().flatten();
        let url = properties
            .flat_map(|change| change["properties"].as_array().into_iter().flatten())
            .find(|property| property["id"] == "links")
            .and_then(|links| links["value"][0]["url"].as_str())
            .ok_or("no link")?;
        let of_row = |column: &str| format!("${{__data.fields.{column}:percentencode}}");
        let expected = [
            "${__url_time_range}".to_owned(),
            format!("${{{}:queryparam}}", page.datasource()?),
            format!("var-service={}", of_row("Service")),
            format!("var-namespace={}", of_row("Namespace")),
            format!("var-environment={}", of_row("Environment")),
            "var-slo=${__value.raw}".to_owned(),
        ];
        let (page, variables) = url.split_once('?').ok_or("no variables")?;
        assert!(page.starts_with("/d/slo-budget"), "{page}");
        assert_eq!(variables.split('&').collect::<Vec<_>>(), expected, "{way:?}");
    }
    Ok(())
}

/// What VictoriaMetrics takes of a query.
const LONGEST_QUERY: usize = 16 * 1_024;

#[test]
fn a_query_is_never_longer_than_an_engine_takes() -> Checked {
    let folder = Folder::new()?;
    let of_windows = |count: usize| -> Result<String, Box<dyn std::error::Error>> {
        let days = [1, 3, 7, 14, 28, 30, 60, 90, 180].iter().take(count);
        let slos = days.map(|days| {
            format!(
                "  - {{ name: of-{days}, objective: 99%, window: {days}d, sli: {{ http: {{ routes: [/{days}] }} }} }}\n"
            )
        });
        let spec = folder.0.join(format!("{count}.yaml"));
        std::fs::write(
            &spec,
            format!("version: 1\nservice: shop\nslos:\n{}", slos.collect::<String>()),
        )?;
        Ok(spec.to_string_lossy().into_owned())
    };
    let six = of_windows(6)?;
    let most = [six.as_str(), "--source", "raw"];
    for way in WAYS.into_iter().chain([&most[..]]) {
        for (name, content) in written(way)? {
            let listing = Page::parse(&content)?.listing();
            let longest = listing.lines().map(str::len).max().unwrap_or_default();
            assert!(longest <= LONGEST_QUERY, "{longest} bytes in {name} of {way:?}");
        }
    }
    let nine = of_windows(9)?;
    let output = Folder::new()?.dashboards(&[&nine, "--source", "raw"])?;
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(
        said.starts_with("budgets over 9 different windows are asked of the counters in a query of 18")
            && said.ends_with("install rules and leave `--source raw` out, or write fewer windows\n"),
        "{said}"
    );
    assert_eq!(Folder::new()?.dashboards(&[&nine])?.status.code(), Some(0));
    Ok(())
}
