//! What the JavaScript package has of the tables of `webrtc`, names with their meaning and the packing of
//! reports, is in step with the core. With `STREAMGAUGE_WRITE_DOCS` set it is written instead.
#![cfg(not(target_family = "wasm"))]

use std::fmt::Write;
use std::path::Path;
use streamgauge::webrtc::{ConnectionColumn, Flags, Metric, Monitor, MonitorConfig, StatType, TrackColumn};

const HEAD: &str =
    "// Made from core/src/webrtc by: STREAMGAUGE_WRITE_DOCS=1 cargo test --test webrtc_tables\n";

/// `a_name_us` as `aNameUs`.
fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(&part[..1].to_uppercase());
        out.push_str(&part[1..]);
    }
    out
}

fn table(out: &mut String, interface: &str, constant: &str, doc: &str, rows: &[(&str, &str)]) {
    writeln!(out, "\n/** {doc} */\nexport interface {interface}<T = number | null> {{").unwrap();
    for (name, doc) in rows {
        writeln!(out, "  /** {doc} */\n  {}: T;", camel(name)).unwrap();
    }
    writeln!(out, "}}\n\n/** @internal */\nexport const {constant} = [").unwrap();
    rows.iter().for_each(|(name, _)| writeln!(out, "  \"{}\",", camel(name)).unwrap());
    writeln!(out, "] as const satisfies readonly (keyof {interface})[];").unwrap();
}

fn tables() -> String {
    let mut out = HEAD.to_owned();
    let lost = ("packets_lost", "Packets lost: signed, for one that comes late is lost no more.");
    let metrics: Vec<(&str, &str)> = Metric::ALL.iter().map(|m| (m.code(), m.doc())).chain([lost]).collect();
    let track: Vec<(&str, &str)> = TrackColumn::ALL.iter().map(|c| (c.code(), c.doc())).collect();
    let connection: Vec<(&str, &str)> = ConnectionColumn::ALL.iter().map(|c| (c.code(), c.doc())).collect();
    table(&mut out, "Metrics", "METRICS", "Counters of a track; `null` for what was not measured.", &metrics);
    let doc = "Values of one report of a track; `null`, in columns NaN, for what was not measured. Counts are \
               those of the interval since the report before.";
    table(&mut out, "TrackValues", "TRACK_VALUES", doc, &track);
    table(
        &mut out,
        "ConnectionValues",
        "CONNECTION_VALUES",
        &doc.replace("a track", "a connection"),
        &connection,
    );
    let monitor = Monitor::new(MonitorConfig::default()).unwrap();
    for (constant, names) in [
        ("CONNECTION_TOTALS", monitor.connection_totals().fields().map(|(name, _)| name).to_vec()),
        ("MONITOR_COUNTS", monitor.counts().fields().map(|(name, _)| name).to_vec()),
        ("FLAGS", Flags::ALL.map(|(_, name)| name).to_vec()),
    ] {
        writeln!(out, "\n/** @internal */\nexport const {constant} = [").unwrap();
        names.iter().for_each(|name| writeln!(out, "  \"{}\",", camel(name)).unwrap());
        writeln!(out, "] as const;").unwrap();
    }
    out
}

fn packing() -> String {
    let mut out = format!(
        "{HEAD}import {{ number as n, type Packing, type StatsObject, text as t }} from \"./packing.js\";\n\n\
         /** For each type that is looked at, what puts an object of it into columns. @internal */\n\
         export const PACKERS: Record<string, (object: StatsObject, to: Packing) => void> = {{\n"
    );
    for (place, stat_type) in StatType::ALL.iter().enumerate() {
        let numbers = stat_type.numbers();
        let name = stat_type.code();
        let name = if name.contains('-') { format!("\"{name}\"") } else { name.to_owned() };
        writeln!(out, "  {name}(o, to) {{").unwrap();
        writeln!(out, "    const v = to.room({place}, {});\n    const i = to.length;", numbers.len())
            .unwrap();
        if numbers.iter().any(|name| name.contains('.')) {
            writeln!(out, "    const q = o.qualityLimitationDurations as StatsObject | undefined;").unwrap();
        }
        for (at, name) in numbers.iter().enumerate() {
            let member = match name.split_once('.') {
                Some((_, inner)) => format!("q?.{inner}"),
                None => format!("o.{name}"),
            };
            let at = if at == 0 { "i".to_owned() } else { format!("i + {at}") };
            writeln!(out, "    v[{at}] = n({member});").unwrap();
        }
        writeln!(out, "    to.length = i + {};", numbers.len()).unwrap();
        for name in stat_type.texts() {
            let member =
                if *name == "kind" { "o.kind ?? o.mediaType".to_owned() } else { format!("o.{name}") };
            writeln!(out, "    to.text(t({member}));").unwrap();
        }
        out.push_str("  },\n");
    }
    out + "};\n"
}

#[test]
fn tables_are_in_step() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bindings-js/src");
    for (name, wanted) in [("webrtc_tables.ts", tables()), ("webrtc_packers.ts", packing())] {
        let path = folder.join(name);
        if std::env::var_os("STREAMGAUGE_WRITE_DOCS").is_some() {
            std::fs::write(&path, wanted).unwrap();
        } else {
            let there = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                there == wanted,
                "write it again: STREAMGAUGE_WRITE_DOCS=1 cargo test --test webrtc_tables"
            );
        }
    }
}
