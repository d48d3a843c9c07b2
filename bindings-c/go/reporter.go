package streamgauge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// ReporterConfig says how often and whom a Reporter tells. Interval and Deliver must be set.
type ReporterConfig struct {
	// Interval is the time between two reports, above 0; 5 and 10 seconds are usual.
	Interval time.Duration
	// Deliver sends a report, which is good until it returns. An error, or a panic, puts everything back: it comes
	// again, merged with the next interval. One call at a time, on the reporter's goroutine; a call that takes
	// longer than the interval makes the next report later and larger, and never makes a queue.
	Deliver func(ctx context.Context, report *Report) error
	// Timeout is when the context of one delivery ends; 0 is 10 seconds.
	Timeout time.Duration
	// OnError is told of what went wrong, on the reporter's goroutine: an error of Deliver, a *PanicError, or an
	// error of the telemetry, such as ErrAlreadyPending while somebody else's report is in flight. nil logs it to
	// slog.Default.
	OnError func(error)
	// Now tells the time in microseconds since the Unix epoch; nil is the clock of the machine.
	Now func() int64
	// Ticks makes a report whenever it receives, in place of a ticker of the interval, for tests. Once it is
	// closed only the final report is made.
	Ticks <-chan time.Time
}

// PanicError is a panic of ReporterConfig.Deliver.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("streamgauge: a delivery panicked: %v\n%s", e.Value, e.Stack)
}

// Reporter takes a report of a telemetry at every interval and hands it to a callback. What the callback refuses is
// not lost and comes again. A report without stats is not delivered. When the context is done, or by Close, it makes
// a final report and ends; until then it runs and keeps the telemetry.
type Reporter struct {
	telemetry *Telemetry
	config    ReporterConfig
	stop      chan struct{}
	once      sync.Once
	done      chan struct{}
	gone      bool  // Whether the telemetry was closed; of the reporter's goroutine.
	final     error // Good once done is closed.
}

// NewReporter starts a reporter. ErrInvalidArgument when there is no telemetry, no Deliver or no Interval.
func NewReporter(ctx context.Context, telemetry *Telemetry, config ReporterConfig) (*Reporter, error) {
	switch {
	case telemetry == nil:
		return nil, invalid("no telemetry to report")
	case config.Deliver == nil:
		return nil, invalid("Deliver is nil")
	case config.Interval <= 0:
		return nil, invalid("Interval is %v, not above 0", config.Interval)
	case config.Timeout < 0:
		return nil, invalid("Timeout is %v, not above 0", config.Timeout)
	}
	if config.Timeout == 0 {
		config.Timeout = 10 * time.Second
	}
	if config.OnError == nil {
		config.OnError = func(err error) { slog.Default().Error("streamgauge reporter", "error", err) }
	}
	if config.Now == nil {
		config.Now = func() int64 { return time.Now().UnixMicro() }
	}
	r := &Reporter{telemetry: telemetry, config: config, stop: make(chan struct{}), done: make(chan struct{})}
	go r.run(ctx)
	return r, nil
}

// Close makes a final report and waits for its delivery, and for one that is under way. It gives the error of the
// final one; what was not delivered is still pending in the telemetry. A second Close gives the same.
func (r *Reporter) Close() error {
	r.once.Do(func() { close(r.stop) })
	<-r.done
	return r.final
}

// Done is closed once the final report was made.
func (r *Reporter) Done() <-chan struct{} { return r.done }

func (r *Reporter) run(ctx context.Context) {
	defer close(r.done)
	// Unless the callback ends the goroutine, this is written again.
	r.final = ErrCancelled
	// A delivery that is under way outlives the cancellation: whether its report arrived would else be unknown.
	deliveries := context.WithoutCancel(ctx)
	ticks := r.config.Ticks
	if ticks == nil {
		ticker := time.NewTicker(r.config.Interval)
		defer ticker.Stop()
		ticks = ticker.C
	}
	for {
		select {
		case _, open := <-ticks:
			if !open {
				ticks = nil
				continue
			}
			if err := r.report(deliveries); r.gone {
				r.final = err
				return
			}
		case <-ctx.Done():
			r.final = r.report(deliveries)
			return
		case <-r.stop:
			r.final = r.report(deliveries)
			return
		}
	}
}

// report takes and delivers once.
func (r *Reporter) report(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			r.config.OnError(err)
		}
	}()
	report, err := r.telemetry.Take(r.config.Now())
	if err != nil {
		r.gone = errors.Is(err, ErrClosed)
		return err
	}
	defer report.Close()
	if report.Len() > 0 {
		if err := r.deliver(ctx, report); err != nil {
			return err
		}
	}
	_, err = r.telemetry.Ack(report.TimeUs)
	return err
}

// deliver runs the callback; unless that went well, everything is pending again.
func (r *Reporter) deliver(ctx context.Context, report *Report) (err error) {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	delivered := false
	// Deferred, since a callback may also end the goroutine.
	defer func() {
		cancel()
		if delivered {
			return
		}
		if value := recover(); value != nil {
			err = &PanicError{value, debug.Stack()}
		}
		if _, failed := r.telemetry.Restore(); failed != nil {
			err = errors.Join(err, failed)
		}
	}()
	err = r.config.Deliver(ctx, report)
	delivered = err == nil
	return err
}
