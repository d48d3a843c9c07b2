#![no_main]
use streamgauge::run::{Selector, parse_metric};

// The label grammar and the selectors over it: what was read and written again reads the same.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(metric) = parse_metric(&text) {
        let escaped = |value: &str| value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
        let labels = metric.labels.iter().map(|(label, value)| format!("\"{}\"=\"{}\"", escaped(label), escaped(value)));
        let written = format!("{{\"{}\",{}}}", escaped(&metric.name), labels.collect::<Vec<_>>().join(","));
        assert_eq!(parse_metric(&written).as_ref(), Ok(&metric), "{written}");
        assert!(metric.labels.is_sorted_by(|a, b| a.0 < b.0));
    }
    if let Ok(selector) = Selector::parse(&text) {
        selector.matches(&[("a".into(), text.to_string())], &text);
        let written = selector.to_string();
        if let Ok(again) = Selector::parse(&written) {
            assert_eq!(again.to_string(), written);
        }
    }
});
