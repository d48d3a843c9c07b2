package streamgauge

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// reporting is a reporter on ticks and a clock of the test.
type reporting struct {
	telemetry *Telemetry
	track     *Track
	ticks     chan time.Time
	now       atomic.Int64
	answers   []error
	delivered []uint64
	merged    []uint32
	errors    []error
	config    ReporterConfig
	// Receive for each call of the callbacks.
	called, failed chan struct{}
}

func newReporting(t *testing.T, answers ...error) *reporting {
	r := &reporting{telemetry: node(t, TelemetryConfig{}), ticks: make(chan time.Time), answers: answers,
		called: make(chan struct{}, 100), failed: make(chan struct{}, 100)}
	r.track = must(r.telemetry.Open(key("PA", "TR"), 0))
	r.config = ReporterConfig{
		Interval: time.Hour,
		Ticks:    r.ticks,
		Now:      func() int64 { return r.now.Add(1000) },
		OnError: func(err error) {
			r.errors = append(r.errors, err)
			r.failed <- struct{}{}
		},
		Deliver: func(ctx context.Context, report *Report) error {
			r.called <- struct{}{}
			stats, err := report.Stats()
			if err != nil {
				return err
			}
			r.delivered = append(r.delivered, stats[0].Totals.Messages)
			r.merged = append(r.merged, stats[0].MergedIntervals)
			if len(r.answers) == 0 {
				return nil
			}
			answer := r.answers[0]
			r.answers = r.answers[1:]
			var panics *PanicError
			if errors.As(answer, &panics) {
				panic(panics.Value)
			}
			return answer
		},
	}
	return r
}

func (r *reporting) start(t *testing.T, ctx context.Context) *Reporter {
	t.Helper()
	return must(NewReporter(ctx, r.telemetry, r.config))
}

func (r *reporting) message(t *testing.T) { is(t, r.track.RecordMessage(r.now.Load(), 1), nil) }

var errRefused = errors.New("refused")

func TestWhatIsRefusedComesAgain(t *testing.T) {
	r := newReporting(t, nil, errRefused, &PanicError{Value: "broken"}, nil, errRefused)
	reporter := r.start(t, context.Background())
	for range 4 {
		r.message(t)
		r.ticks <- time.Time{}
		<-r.called
	}
	r.message(t)
	is(t, reporter.Close(), errRefused)
	is(t, reporter.Close(), errRefused)
	<-reporter.Done()
	if want := []uint64{1, 1, 2, 3, 1}; !equal(r.delivered, want) || !equal(r.merged, []uint32{0, 0, 1, 2, 0}) {
		t.Errorf("delivered %v with %v merged", r.delivered, r.merged)
	}
	var panicked *PanicError
	if len(r.errors) != 3 || !errors.As(r.errors[1], &panicked) || panicked.Value != "broken" || !strings.Contains(panicked.Error(), "newReporting") {
		t.Error(r.errors)
	}
	// The last one, which was refused, is there still.
	if stats := statsOf(t, must(r.telemetry.Flush(1<<40)), nil); len(stats) != 1 || stats[0].Totals.Messages != 1 {
		t.Errorf("%+v", stats)
	}
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestReporterEndsWithItsContext(t *testing.T) {
	r := newReporting(t)
	recorder := must(r.track.NewRecorder(0))
	ctx, cancel := context.WithCancelCause(context.Background())
	deliver := r.config.Deliver
	r.config.Deliver = func(ctx context.Context, report *Report) error {
		// The final delivery has a context that is good, with a limit.
		if _, limited := ctx.Deadline(); !limited || ctx.Err() != nil {
			t.Error("the context of the delivery is done, or has no end")
		}
		if ctx.Value(errRefused) != 7 {
			t.Error("the values of the context are not there")
		}
		return deliver(ctx, report)
	}
	reporter := r.start(t, context.WithValue(ctx, errRefused, 7))
	r.message(t)
	is(t, recorder.Record(stream(1, 0, 1)[0]), nil)
	cancel(errRefused)
	<-reporter.Done()
	is(t, reporter.Close(), nil)
	if !equal(r.delivered, []uint64{1}) || len(r.errors) != 0 {
		t.Error(r.delivered, r.errors)
	}
	if totals := must(r.track.Totals()); totals.PrimaryPackets != 0 && totals.Messages != 1 {
		t.Errorf("%+v", totals)
	}
}

func TestNothingToReportIsNotDelivered(t *testing.T) {
	r := newReporting(t)
	reporter := r.start(t, context.Background())
	r.ticks <- time.Time{}
	close(r.ticks)
	is(t, reporter.Close(), nil)
	if len(r.delivered) != 0 {
		t.Error(r.delivered)
	}
}

func TestReporterBesideOthers(t *testing.T) {
	r := newReporting(t)
	reporter := r.start(t, context.Background())
	r.message(t)
	must(r.telemetry.Take(1)).Close()
	r.ticks <- time.Time{}
	<-r.failed
	must(r.telemetry.Restore())
	r.ticks <- time.Time{}
	is(t, reporter.Close(), nil)
	if !equal(r.delivered, []uint64{1}) || len(r.errors) != 1 {
		t.Error(r.delivered, r.errors)
	}
	is(t, r.errors[0], ErrAlreadyPending)
}

func TestReporterEndsWithItsTelemetry(t *testing.T) {
	r := newReporting(t)
	reporter := r.start(t, context.Background())
	r.telemetry.Close()
	r.ticks <- time.Time{}
	<-reporter.Done()
	is(t, reporter.Close(), ErrClosed)
}

func TestSlowDeliveriesEnd(t *testing.T) {
	r := newReporting(t)
	r.config.Timeout = time.Millisecond
	r.config.Deliver = func(ctx context.Context, report *Report) error {
		<-ctx.Done()
		return ctx.Err()
	}
	reporter := r.start(t, context.Background())
	r.message(t)
	is(t, reporter.Close(), context.DeadlineExceeded)
	if stats := statsOf(t, must(r.telemetry.Flush(1<<40)), nil); len(stats) != 1 {
		t.Error("what was not delivered in time is gone")
	}
}

// A callback that ends its goroutine, as a failing test would, does not lose the interval.
func TestDeliveryThatEndsItsGoroutine(t *testing.T) {
	r := newReporting(t)
	r.config.Deliver = func(context.Context, *Report) error {
		runtime.Goexit()
		return nil
	}
	reporter := r.start(t, context.Background())
	r.message(t)
	r.ticks <- time.Time{}
	<-reporter.Done()
	is(t, reporter.Close(), ErrCancelled)
	if stats := statsOf(t, must(r.telemetry.Flush(1<<40)), nil); len(stats) != 1 {
		t.Error("the interval is gone")
	}
}

func TestReporterOnItsOwnClock(t *testing.T) {
	r := newReporting(t)
	reports := make(chan int64, 100)
	r.config = ReporterConfig{Interval: time.Millisecond, Deliver: func(_ context.Context, report *Report) error {
		reports <- report.TimeUs
		return nil
	}}
	before := time.Now().UnixMicro()
	reporter := r.start(t, context.Background())
	r.message(t)
	if at := <-reports; at < before || at > time.Now().UnixMicro() {
		t.Error(at)
	}
	is(t, reporter.Close(), nil)
}

func TestReportersThatCannotBe(t *testing.T) {
	r := newReporting(t)
	for _, change := range []func(*ReporterConfig){
		func(c *ReporterConfig) { c.Interval = 0 },
		func(c *ReporterConfig) { c.Deliver = nil },
		func(c *ReporterConfig) { c.Timeout = -1 },
	} {
		config := r.config
		change(&config)
		_, err := NewReporter(context.Background(), r.telemetry, config)
		is(t, err, ErrInvalidArgument)
	}
	_, err := NewReporter(context.Background(), nil, r.config)
	is(t, err, ErrInvalidArgument)
}

func TestReportersLeaveNoGoroutines(t *testing.T) {
	reporters := func() int {
		stacks := make([]byte, 1<<20)
		return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "created by github.com/streamgauge/streamgauge/bindings-c/go.NewReporter")
	}
	r := newReporting(t)
	// Reporters of one telemetry that end at once get in each other's way.
	r.config.OnError = func(err error) {
		if !errors.Is(err, ErrAlreadyPending) {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all []*Reporter
	for range 10 {
		all = append(all, r.start(t, ctx))
	}
	if reporters() == 0 {
		t.Fatal("no reporter was found")
	}
	for _, reporter := range all[:5] {
		is(t, reporter.Close(), nil)
	}
	cancel()
	for _, reporter := range all {
		<-reporter.Done()
	}
	// Done is closed by the last step of the goroutine: it hangs here if it does not end.
	for reporters() > 0 {
		runtime.Gosched()
	}
}
