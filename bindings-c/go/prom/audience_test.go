package prom

import (
	"errors"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
)

func TestAudienceCollector(t *testing.T) {
	audience, err := streamgauge.NewAudience(streamgauge.AudienceConfig{})
	must(t, err)
	defer audience.Close()
	for i, viewer := range []string{"ann", "bob"} {
		_, err := audience.Join(viewer, int64(i)*1_000_000)
		must(t, err)
	}
	var made []*streamgauge.AudienceSummary
	var fails error
	registry := prometheus.NewPedanticRegistry()
	must(t, registry.Register(NewAudienceCollector(func() ([]streamgauge.LabelledSummary, error) {
		var list []streamgauge.LabelledSummary
		for _, stream := range []string{"news", "a \"b\"\\\nc"} {
			summary, err := audience.Summary(4_000_000)
			must(t, err)
			made = append(made, summary)
			list = append(list, streamgauge.LabelledSummary{Labels: []streamgauge.Attribute{{Name: "stream", Value: stream}}, Summary: summary})
		}
		return list, fails
	})))
	want := `# HELP streamgauge_audience_mean_concurrency Viewers at once, weighted by time.
# TYPE streamgauge_audience_mean_concurrency gauge
streamgauge_audience_mean_concurrency{stream="a \"b\"\\\nc"} 1.75
streamgauge_audience_mean_concurrency{stream="news"} 1.75
# HELP streamgauge_audience_views_total Views that began.
# TYPE streamgauge_audience_views_total counter
streamgauge_audience_views_total{stream="a \"b\"\\\nc"} 2
streamgauge_audience_views_total{stream="news"} 2
`
	names := []string{"streamgauge_audience_views_total", "streamgauge_audience_mean_concurrency"}
	must(t, testutil.GatherAndCompare(registry, strings.NewReader(want), names...))
	problems, err := testutil.GatherAndLint(registry)
	must(t, err)
	for _, problem := range problems {
		// Times and rates have their unit in the name, which need not be the base one.
		if !strings.HasSuffix(problem.Metric, "_us") && !strings.HasSuffix(problem.Metric, "_bps") {
			t.Error(problem)
		}
	}
	fails = errors.New("no summaries today")
	if _, err := registry.Gather(); err == nil || !strings.Contains(err.Error(), fails.Error()) {
		t.Error(err)
	}
	for _, summary := range made {
		if _, err := summary.Snapshot(); !errors.Is(err, streamgauge.ErrClosed) {
			t.Error("a summary was not closed")
		}
	}
	if len(made) != 6 {
		t.Errorf("%d summaries were made", len(made))
	}
}
