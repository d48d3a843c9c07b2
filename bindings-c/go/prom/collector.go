// Package prom gives what a streamgauge.Telemetry counted, and audiences, to a Prometheus registry.
package prom

import (
	"bytes"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
)

// DefaultTop is how many tracks of each direction, role and kind have series of their own by default.
const DefaultTop = 50

// Config bounds a Collector. The zero value is the defaults.
type Config struct {
	// Top is how many tracks of each direction, role and kind have series of their own, those with the most bytes;
	// 0 is DefaultTop, and -1 none. However many tracks there are, the number of series is bounded by it.
	Top int
}

// Collector is a prometheus.Collector over a Telemetry. Its series are those of Telemetry.Exposition; sources, mimes and
// countries are no labels. A scrape takes no report: whoever takes reports misses nothing by it.
type Collector struct {
	telemetry *streamgauge.Telemetry
	top       int
}

// NewCollector makes a collector, to be registered once. ErrInvalidArgument without a telemetry, ErrOutOfRange for a Top
// below -1.
func NewCollector(telemetry *streamgauge.Telemetry, config Config) (*Collector, error) {
	if telemetry == nil {
		return nil, &streamgauge.Error{Status: 1, Message: "no telemetry to collect from"}
	}
	if config.Top < -1 {
		return nil, &streamgauge.Error{Status: 2, Message: fmt.Sprintf("top is %d, at least -1", config.Top)}
	}
	if config.Top == 0 {
		config.Top = DefaultTop
	}
	return &Collector{telemetry, max(config.Top, 0)}, nil
}

// Describe names nothing: which series there are, the library says at each scrape.
func (c *Collector) Describe(chan<- *prometheus.Desc) {}

// Collect gives the series as they are now. A telemetry that was closed makes the scrape fail.
func (c *Collector) Collect(to chan<- prometheus.Metric) {
	if err := c.collect(to); err != nil {
		to <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
	}
}

func (c *Collector) collect(to chan<- prometheus.Metric) error {
	text, err := c.telemetry.Exposition(c.top, false)
	if err != nil {
		return err
	}
	return emit(text, to)
}

// emit gives the series of an exposition.
func emit(text []byte, to chan<- prometheus.Metric) error {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return err
	}
	for name, family := range families {
		for _, metric := range family.Metric {
			series, err := seriesOf(name, family, metric)
			if err != nil {
				return err
			}
			to <- series
		}
	}
	return nil
}

func seriesOf(name string, family *dto.MetricFamily, metric *dto.Metric) (prometheus.Metric, error) {
	labels, values := make([]string, len(metric.Label)), make([]string, len(metric.Label))
	for i, label := range metric.Label {
		labels[i], values[i] = label.GetName(), label.GetValue()
	}
	desc := prometheus.NewDesc(name, family.GetHelp(), labels, nil)
	switch family.GetType() {
	case dto.MetricType_COUNTER:
		return prometheus.NewConstMetric(desc, prometheus.CounterValue, metric.Counter.GetValue(), values...)
	case dto.MetricType_GAUGE:
		return prometheus.NewConstMetric(desc, prometheus.GaugeValue, metric.Gauge.GetValue(), values...)
	default:
		return nil, fmt.Errorf("streamgauge: %s is a %v", name, family.GetType())
	}
}
