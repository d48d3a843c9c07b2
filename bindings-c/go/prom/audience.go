package prom

import (
	"github.com/prometheus/client_golang/prometheus"
	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
)

// AudienceCollector is a prometheus.Collector over summaries of audiences. Its series are those of
// streamgauge.AudienceExposition.
type AudienceCollector struct {
	summaries func() ([]streamgauge.LabelledSummary, error)
}

// NewAudienceCollector makes a collector, to be registered once. summaries makes the summaries of one scrape, with labels of
// the same names, which are closed after it; it must bear scrapes that come at once. Keep labels few: no viewer belongs
// there.
func NewAudienceCollector(summaries func() ([]streamgauge.LabelledSummary, error)) *AudienceCollector {
	return &AudienceCollector{summaries}
}

// Describe names nothing: which series there are, the library says at each scrape.
func (c *AudienceCollector) Describe(chan<- *prometheus.Desc) {}

// Collect gives the series as they are now. An error of the callback makes the scrape fail.
func (c *AudienceCollector) Collect(to chan<- prometheus.Metric) {
	if err := c.collect(to); err != nil {
		to <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
	}
}

func (c *AudienceCollector) collect(to chan<- prometheus.Metric) error {
	summaries, err := c.summaries()
	defer func() {
		for _, item := range summaries {
			if item.Summary != nil {
				item.Summary.Close()
			}
		}
	}()
	if err != nil {
		return err
	}
	text, err := streamgauge.AudienceExposition(summaries, false)
	if err != nil {
		return err
	}
	return emit(text, to)
}
