package prom

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// telemetry has n data tracks; the first one has n messages of 10 bytes, the next one n - 1 ...
func telemetry(t *testing.T, n int) *streamgauge.Telemetry {
	t.Helper()
	telemetry, err := streamgauge.NewTelemetry(streamgauge.TelemetryConfig{})
	must(t, err)
	for i := range n {
		track, err := telemetry.Open(streamgauge.TrackKey{
			Participant: "a \"b\"\\\nc", Track: fmt.Sprintf("TR_%03d", i), Direction: streamgauge.Upstream, Kind: streamgauge.TrackData,
		}, 0)
		must(t, err)
		for range n - i {
			must(t, track.RecordMessage(1, 10))
		}
	}
	return telemetry
}

func registry(t *testing.T, telemetry *streamgauge.Telemetry, config Config) *prometheus.Registry {
	t.Helper()
	collector, err := NewCollector(telemetry, config)
	must(t, err)
	registry := prometheus.NewPedanticRegistry()
	must(t, registry.Register(collector))
	return registry
}

func TestSeriesAreThoseOfTheLibrary(t *testing.T) {
	telemetry := telemetry(t, 3)
	registry := registry(t, telemetry, Config{Top: 2})
	text, err := telemetry.Exposition(2, false)
	must(t, err)
	families, err := registry.Gather()
	must(t, err)
	got := map[string]bool{}
	for _, family := range families {
		for _, metric := range family.Metric {
			// Label values have quotes as they are escaped in the text; here labels are sorted by name.
			labels := make([]string, len(metric.Label))
			for i, label := range metric.Label {
				labels[i] = fmt.Sprintf("%s=%q", label.GetName(), label.GetValue())
			}
			value := metric.Counter.GetValue() + metric.Gauge.GetValue()
			got[fmt.Sprintf("%s{%s} %v", family.GetName(), strings.Join(labels, ","), value)] = true
		}
	}
	want := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		want++
		name, rest, _ := strings.Cut(line, "{")
		labels, value, _ := strings.Cut(strings.TrimSuffix(rest, "\n"), "} ")
		list := strings.Split(labels, ",")
		slices.Sort(list)
		if sorted := fmt.Sprintf("%s{%s} %s", name, strings.Join(list, ","), value); !got[sorted] {
			t.Errorf("not in the registry: %s", sorted)
		}
	}
	if want == 0 || len(got) != want {
		t.Errorf("%d series in the registry, %d in the text", len(got), want)
	}
	if !strings.Contains(string(text), `track="TR_000",direction="upstream",role="edge",kind="data"} 30`) {
		t.Errorf("the exposition has no bytes of the first track:\n%s", text)
	}
	problems, err := testutil.GatherAndLint(registry)
	must(t, err)
	if len(problems) > 0 {
		t.Error(problems)
	}
}

func TestSeriesAreBounded(t *testing.T) {
	few, err := testutil.GatherAndCount(registry(t, telemetry(t, 11), Config{Top: 10}))
	must(t, err)
	many, err := testutil.GatherAndCount(registry(t, telemetry(t, 300), Config{Top: 10}))
	must(t, err)
	if few == 0 || many != few {
		t.Errorf("%d series of 11 tracks, %d of 300", few, many)
	}
	none, err := testutil.GatherAndCount(registry(t, telemetry(t, 300), Config{Top: -1}))
	must(t, err)
	if none == 0 || none >= many {
		t.Errorf("%d series when no track has its own", none)
	}
}

func TestScrapesWhileTracksRecord(t *testing.T) {
	telemetry := telemetry(t, 2)
	registry := registry(t, telemetry, Config{})
	track, err := telemetry.Open(streamgauge.TrackKey{Participant: "p", Track: "x", Kind: streamgauge.TrackData, Direction: streamgauge.Upstream}, 0)
	must(t, err)
	var wg sync.WaitGroup
	for range 2 {
		wg.Add(2)
		go func() {
			defer wg.Done()
			for range 1000 {
				if err := track.RecordMessage(1, 1); err != nil {
					t.Error(err)
				}
			}
		}()
		go func() {
			defer wg.Done()
			for range 20 {
				if _, err := registry.Gather(); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	families, err := registry.Gather()
	must(t, err)
	found := false
	for _, family := range families {
		for _, metric := range family.Metric {
			for _, label := range metric.Label {
				found = found || label.GetValue() == "x" && strings.HasSuffix(family.GetName(), "_messages_total") && metric.Counter.GetValue() == 2000
			}
		}
	}
	if !found {
		t.Error("no series of 2000 messages")
	}
}

func TestErrors(t *testing.T) {
	_, err := NewCollector(nil, Config{})
	if !errors.Is(err, streamgauge.ErrInvalidArgument) {
		t.Error(err)
	}
	telemetry := telemetry(t, 1)
	_, err = NewCollector(telemetry, Config{Top: -2})
	if !errors.Is(err, streamgauge.ErrOutOfRange) {
		t.Error(err)
	}
	registry := registry(t, telemetry, Config{})
	must(t, telemetry.Close())
	if _, err := registry.Gather(); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a scrape of a closed telemetry: %v", err)
	}
}
