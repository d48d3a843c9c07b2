//! A run as bytes and back: for another process, not for keeping. The format belongs to one version.

use super::prom::{ScriptSamples, ScriptSeries};
use super::{
    Bitmap, Column, Event, FileProblems, Frames, Meta, MetricNames, Problem, Problems, Prom, Reason, Run,
    Selector, Series,
};
use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeMap;

const MAGIC: &[u8] = b"streamgauge run 1\n";

impl Run {
    /// Everything the run holds, as bytes that [`Run::decode`] of the same version reads.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(MAGIC.to_vec());
        out.text(&self.path);
        out.text(&self.name);
        out.frames(&self.frames);
        out.prom(&self.prom);
        out.list(&self.events, |out, event| {
            out.number(event.t_us as u64);
            out.text(&event.name);
            out.number(u64::from(event.script_stops));
        });
        out.pairs(&self.meta.entries);
        out.list(self.meta.hidden.as_slice(), |out, key| out.text(key));
        for (_, file) in self.problems.files() {
            out.problems(file);
        }
        out.pairs(&self.names.fields());
        out.list(&self.names.signed, |out, selector| {
            out.text(&Selector { contains: None, ..selector.clone() }.to_string());
            out.list(selector.contains.as_slice(), |out, text| out.text(text));
        });
        out.0
    }

    /// The run that [`Run::encode`] gave these bytes for.
    ///
    /// # Errors
    /// `Malformed` where the bytes are of another version, cut off or damaged.
    ///
    /// ```
    /// use streamgauge::run::{Files, Options, Run};
    /// let frames = b"recv_wall_us,frame_id\n1000,1\n2000,\n";
    /// let run = Run::from_bytes("demo", &Files { frames: Some(frames), ..Files::default() }, &Options::default())?;
    /// assert_eq!(Run::decode(&run.encode())?.frames, run.frames);
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    pub fn decode(bytes: &[u8]) -> Result<Run> {
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| damaged("no run of this version"))?;
        let mut from = Reader(rest);
        let (path, name) = (from.text()?, from.text()?);
        let (frames, prom) = (from.frames()?, from.prom()?);
        let events = from.list(|from| {
            Ok(Event { t_us: from.number()? as i64, name: from.text()?, script_stops: from.flag()? })
        })?;
        let meta = Meta { entries: from.pairs()?, hidden: from.list(Reader::text)?.pop() };
        let problems = Problems {
            frames: from.problems()?,
            prom: from.problems()?,
            events: from.problems()?,
            meta: from.problems()?,
        };
        let mut names = MetricNames::default();
        for (field, value) in from.pairs()? {
            names.set(&field, &[value])?;
        }
        names.signed = from.list(|from| {
            let selector = Selector::parse(&from.text()?)?;
            let contains = from.list(Reader::text)?.pop();
            Ok(Selector { contains, ..selector })
        })?;
        match from.0 {
            [] => Ok(Run { path, name, frames, prom, events, meta, problems, names }),
            _ => Err(damaged("bytes are left over")),
        }
    }
}

fn damaged(why: &str) -> Error {
    Error::new(ErrorKind::Malformed, format!("encoded run: {why}"))
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn list<T>(&mut self, items: &[T], each: impl Fn(&mut Writer, &T)) {
        self.number(items.len() as u64);
        items.iter().for_each(|item| each(self, item));
    }

    fn pairs(&mut self, pairs: &[(impl AsRef<str>, impl AsRef<str>)]) {
        self.list(pairs, |out, (key, value)| {
            out.text(key.as_ref());
            out.text(value.as_ref());
        });
    }

    fn integers(&mut self, items: &[i64]) {
        self.list(items, |out, item| out.number(*item as u64));
    }

    fn floats(&mut self, items: &[f64]) {
        self.list(items, |out, item| out.number(item.to_bits()));
    }

    fn column<T: Copy + Into<i64>>(&mut self, column: &Column<T>) {
        self.list(&column.values, |out, item| out.number((*item).into() as u64));
        self.list(column.validity.as_slice(), |out, bits| out.bytes(bits.as_bytes()));
    }

    fn frames(&mut self, frames: &Frames) {
        self.integers(&frames.recv_us);
        self.column(&frames.frame_id);
        self.column(&frames.user_timestamp_us);
        self.column(&frames.width);
        self.column(&frames.height);
        self.list(&frames.script_stops_at, |out, row| out.number(u64::from(*row)));
        self.number(u64::from(frames.script_sees_nothing));
    }

    fn prom(&mut self, prom: &Prom) {
        self.list(&prom.series, |out, series| {
            out.text(&series.family);
            out.pairs(&series.labels);
            out.text(&series.raw_labels);
            out.integers(&series.t_us);
            out.floats(&series.values);
        });
        self.list(&prom.script, |out, script| {
            out.text(&script.family);
            out.text(&script.raw_labels);
            match &script.samples {
                ScriptSamples::Same(index) => out.number(*index as u64),
                ScriptSamples::Own(t_us, values) => {
                    out.number(OWN);
                    out.integers(t_us);
                    out.floats(values);
                }
            }
        });
    }

    fn problems(&mut self, file: &FileProblems) {
        self.number(u64::from(file.missing));
        self.number(file.rows);
        let counts: Vec<_> = file.counts.iter().collect();
        self.list(&counts, |out, (reason, count)| {
            out.text(reason.name());
            out.number(**count);
        });
        self.list(&file.first, |out, problem| {
            out.number(problem.line);
            out.text(problem.reason.name());
        });
    }
}

/// Stands for an index where the script's samples are its own.
const OWN: u64 = u64::MAX;

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Result<u64> {
        let (number, rest) = self.0.split_first_chunk().ok_or_else(|| damaged("cut off"))?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*number))
    }

    /// A count of items of at least `least` bytes, so that no more memory is taken than there is
    /// input.
    fn count(&mut self, least: usize) -> Result<usize> {
        let count = self.number()?;
        let fits = |count: &usize| count.checked_mul(least).is_some_and(|bytes| bytes <= self.0.len());
        usize::try_from(count).ok().filter(fits).ok_or_else(|| damaged("cut off"))
    }

    fn flag(&mut self) -> Result<bool> {
        match self.number()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(damaged("no flag")),
        }
    }

    fn bytes(&mut self) -> Result<&'a [u8]> {
        let count = self.count(1)?;
        let (bytes, rest) = self.0.split_at(count);
        self.0 = rest;
        Ok(bytes)
    }

    fn text(&mut self) -> Result<String> {
        let text = std::str::from_utf8(self.bytes()?).map_err(|_| damaged("no UTF-8"))?;
        Ok(text.to_owned())
    }

    fn list<T>(&mut self, mut each: impl FnMut(&mut Reader<'a>) -> Result<T>) -> Result<Vec<T>> {
        let count = self.count(8)?;
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(each(self)?);
        }
        Ok(items)
    }

    fn pairs(&mut self) -> Result<Vec<(String, String)>> {
        self.list(|from| Ok((from.text()?, from.text()?)))
    }

    fn integers(&mut self) -> Result<Vec<i64>> {
        self.list(|from| Ok(from.number()? as i64))
    }

    fn floats(&mut self) -> Result<Vec<f64>> {
        self.list(|from| Ok(f64::from_bits(from.number()?)))
    }

    fn column<T: Copy + Default + TryFrom<i64>>(&mut self, rows: usize) -> Result<Column<T>> {
        let fits = |value: i64| T::try_from(value).map_err(|_| damaged("a value does not fit its column"));
        let values = self.list(|from| fits(from.number()? as i64))?;
        let validity = self.list(Reader::bytes)?.pop();
        if values.len() != rows || validity.is_some_and(|bytes| bytes.len() != rows.div_ceil(8)) {
            return Err(damaged("columns differ in length"));
        }
        // Bit by bit, so that no stray bit behind the last one is taken over.
        let validity = validity.map(|bytes| {
            let mut bits = Bitmap::default();
            (0..rows).for_each(|row| bits.push(bytes[row / 8] >> (row % 8) & 1 == 1));
            bits
        });
        Ok(Column { values, validity })
    }

    fn frames(&mut self) -> Result<Frames> {
        let recv_us = self.integers()?;
        let rows = recv_us.len();
        let frames = Frames {
            frame_id: self.column(rows)?,
            user_timestamp_us: self.column(rows)?,
            width: self.column(rows)?,
            height: self.column(rows)?,
            script_stops_at: self.list(|from| {
                let row = u32::try_from(from.number()?).ok().filter(|row| (*row as usize) < rows);
                row.ok_or_else(|| damaged("no such row"))
            })?,
            script_sees_nothing: self.flag()?,
            recv_us,
        };
        match frames.recv_us.is_sorted() && frames.script_stops_at.is_sorted() {
            true => Ok(frames),
            false => Err(damaged("rows out of order")),
        }
    }

    fn prom(&mut self) -> Result<Prom> {
        let series = self.list(|from| {
            let family = from.text()?;
            let labels = from.pairs()?;
            let raw_labels = from.text()?;
            let (t_us, values) = from.samples()?;
            match t_us.is_sorted_by(|a, b| a < b) && labels.is_sorted_by(|a, b| a.0 < b.0) {
                true => Ok(Series { family, labels, raw_labels, t_us, values }),
                false => Err(damaged("samples or labels out of order")),
            }
        })?;
        let script = self.list(|from| {
            let (family, raw_labels) = (from.text()?, from.text()?);
            let samples = match from.number()? {
                OWN => {
                    let (t_us, values) = from.samples()?;
                    ScriptSamples::Own(t_us, values)
                }
                index if index < series.len() as u64 => ScriptSamples::Same(index as usize),
                _ => return Err(damaged("no such series")),
            };
            Ok(ScriptSeries { family, raw_labels, samples })
        })?;
        Ok(Prom { series, script })
    }

    fn samples(&mut self) -> Result<(Vec<i64>, Vec<f64>)> {
        let (t_us, values) = (self.integers()?, self.floats()?);
        match t_us.len() == values.len() {
            true => Ok((t_us, values)),
            false => Err(damaged("columns differ in length")),
        }
    }

    fn reason(&mut self) -> Result<Reason> {
        Reason::from_name(&self.text()?).ok_or_else(|| damaged("no such reason"))
    }

    fn problems(&mut self) -> Result<FileProblems> {
        Ok(FileProblems {
            missing: self.flag()?,
            rows: self.number()?,
            counts: self
                .list(|from| Ok((from.reason()?, from.number()?)))?
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
            first: self.list(|from| Ok(Problem { line: from.number()?, reason: from.reason()? }))?,
        })
    }
}

#[cfg(all(test, feature = "fs"))]
mod tests {
    use super::*;
    use crate::run::{Mode, Options};
    use std::path::Path;

    fn runs() -> Vec<Run> {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data");
        let folders = ["runs", "runs_real"].map(|folder| std::fs::read_dir(data.join(folder)).unwrap());
        let paths = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
        paths.filter(|path| path.is_dir()).map(|path| Run::open(path, &Options::default()).unwrap()).collect()
    }

    #[test]
    fn every_run_comes_back_whole() {
        let runs = runs();
        assert_eq!(runs.len(), 12);
        for mut run in runs {
            run.names.set("nack", &["my_nacks"]).unwrap();
            let selector = Selector::parse("a{b=~\"c\\\\d\"}").unwrap().containing("x\"y");
            run.names.signed.push(selector);
            let back = Run::decode(&run.encode()).unwrap();
            assert_eq!((&back.path, &back.name, &back.frames), (&run.path, &run.name, &run.frames));
            assert_eq!((&back.events, &back.meta), (&run.events, &run.meta));
            assert_eq!((&back.problems, &back.names), (&run.problems, &run.names));
            // Compared as bytes, since samples may be NaN.
            assert_eq!(back.encode(), run.encode());
            let shown = |run: &Run, mode| format!("{:?}", run.summary(mode));
            for mode in [Mode::Exact, Mode::PlotFec] {
                assert_eq!(shown(&back, mode), shown(&run, mode));
            }
        }
    }

    #[test]
    fn damaged_bytes_are_refused_not_believed() {
        let run = &runs()[0];
        let whole = run.encode();
        for end in (0..whole.len()).step_by(997) {
            assert_eq!(Run::decode(&whole[..end]).unwrap_err().kind(), ErrorKind::Malformed);
        }
        assert!(Run::decode(&[&whole[..], b"x"].concat()).is_err());
        for at in (0..whole.len()).step_by(991) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            if let Ok(run) = Run::decode(&bytes) {
                run.summary(Mode::Exact);
                run.summary(Mode::PlotFec);
            }
        }
    }
}
