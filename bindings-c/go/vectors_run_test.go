package streamgauge

import (
	"bytes"
	"encoding/json"
)

var modes = map[string]Mode{"exact": Exact, "plot_fec": PlotFEC}

var runOperations = map[string]operation{
	"run.summary": func(_ objects, a arguments) (any, error) {
		of := a.of("files")
		file := func(name string) []byte {
			if of[name] == nil {
				return nil
			}
			return []byte(of.text(name))
		}
		run, err := RunFromBytes("vector", Files{
			Frames: file("frames.csv"), Prom: file("prom.tsv"), Events: file("events.csv"), Meta: file("meta.env"),
		})
		if err != nil {
			return nil, err
		}
		defer run.Close()
		raw, err := run.SummaryJSON(modes[a.text("mode")])
		if err != nil {
			return nil, err
		}
		decoder := json.NewDecoder(bytes.NewReader(raw))
		// Integers and floats are told apart by how they are written.
		decoder.UseNumber()
		var summary map[string]any
		err = decoder.Decode(&summary)
		return summary, err
	},
}
