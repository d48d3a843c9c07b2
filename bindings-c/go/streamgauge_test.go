package streamgauge

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

const frames = "recv_wall_us,frame_id,user_timestamp_us,width,height\n" +
	"1000000,1,970000,640,480\n1020000,2,990000,640,480\nno,row\n1060000,4,1030000,640,480\n"

func realRun(t *testing.T) string {
	root := os.Getenv("STREAMGAUGE_ROOT")
	if root == "" {
		root = "../.."
	}
	return filepath.Join(root, "tests/data/runs_real/baseline-1")
}

func TestErrorTable(t *testing.T) {
	for i, kind := range kinds {
		err := fmt.Errorf("outer: %w", &Error{Status: Status(i + 1), Message: "text"})
		if !errors.Is(err, kind) {
			t.Errorf("%v is not %v", err, kind)
		}
		for j, other := range kinds {
			if i != j && errors.Is(err, other) {
				t.Errorf("%v is %v", err, other)
			}
		}
		if name := Status(i + 1).String(); name == "unknown" {
			t.Errorf("status %d has no name", i+1)
		}
	}
	if name := Status(len(kinds) + 1).String(); name != "unknown" {
		t.Errorf("the library has a kind %q that this package has not", name)
	}
	for _, status := range []Status{100, 101, 102, 77} {
		if err := error(&Error{Status: status}); !errors.Is(err, ErrInternal) {
			t.Errorf("%v is not internal", err)
		}
	}
	if !errors.Is(&Error{Status: 16}, context.Canceled) || !errors.Is(&Error{Status: 17}, context.DeadlineExceeded) {
		t.Error("cancelled and timed out do not wrap those of context")
	}
	if !errors.Is(ErrIO, ErrIO) || ErrIO.Error() != "streamgauge: io" {
		t.Error(ErrIO)
	}
}

func TestQuantile(t *testing.T) {
	for method, want := range map[QuantileMethod]float64{Linear: 2.5, NearestRank: 2, FloorIndex: 3, AveragedRank: 2.5, Weibull: 2.5, MedianUnbiased: 2.5} {
		if got, err := Quantile([]float64{4, 1, 3, 2}, 0.5, method); err != nil || got != want {
			t.Errorf("method %d: %v, %v", method, got, err)
		}
	}
	if _, err := Quantile(nil, 0.5, Linear); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	for _, bad := range []float64{-1, 2, math.NaN()} {
		if _, err := Quantile([]float64{1}, bad, Linear); !errors.Is(err, ErrInvalidArgument) {
			t.Error(err)
		}
	}
	if _, err := Quantile([]float64{1}, 0.5, 9); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
}

func TestOpenRunAgreesWithTheScript(t *testing.T) {
	run, err := OpenRun(realRun(t))
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	summary, err := run.Summary(PlotFEC)
	if err != nil {
		t.Fatal(err)
	}
	// See expected_plot_fec.json beside the run.
	for key, want := range map[string]float64{"frames_received": 1280, "frames_lost": 213, "nack_total": 454} {
		if summary[key] != want {
			t.Errorf("%s is %v, not %v", key, summary[key], want)
		}
	}
	if len(summary) != 16 {
		t.Errorf("%d keys", len(summary))
	}
}

func TestOpenRunErrors(t *testing.T) {
	_, err := OpenRun("/no/such/run")
	var detail *Error
	if !errors.Is(err, ErrNotFound) || !errors.As(err, &detail) || detail.Message == "" {
		t.Error(err)
	}
	if _, err := OpenRun("\xff"); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
	if _, err := OpenRun(""); err == nil {
		t.Error("an empty path was opened")
	}
}

func TestRunFromBytes(t *testing.T) {
	run, err := RunFromBytes("made", Files{Frames: []byte(frames), Events: []byte{}})
	if err != nil {
		t.Fatal(err)
	}
	summary, err := run.Summary(Exact)
	if err != nil {
		t.Fatal(err)
	}
	if summary["frames_received"] != 3.0 || summary["frames_lost"] != 1.0 {
		t.Error(summary["frames_received"], summary["frames_lost"])
	}
	if nack, there := summary["nack_total"]; !there || nack != nil {
		t.Error("a metric that is absent is not null:", nack)
	}
	problems, err := run.Problems()
	if err != nil {
		t.Fatal(err)
	}
	missing := func(file string) any { return problems[file].(map[string]any)["missing"] }
	if missing("events.csv") != false || missing("prom.tsv") != true {
		t.Error("an empty file and a missing one are not told apart:", problems)
	}
	if _, err := run.Summary(7); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
	run.Close()
	run.Close()
	if _, err := run.Summary(Exact); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := run.ProblemsJSON(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestManyGoroutinesAndClose(t *testing.T) {
	run, err := RunFromBytes("made", Files{Frames: []byte(frames)})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 50 {
				if _, err := run.SummaryJSON(Exact); err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			}
		}()
	}
	run.Close()
	group.Wait()
}

func TestCompare(t *testing.T) {
	a, err := OpenRun(realRun(t))
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenRun(filepath.Join(filepath.Dir(realRun(t)), "fec-1"))
	if err != nil {
		t.Fatal(err)
	}
	options := CompareOptions{Seed: 1, Resamples: 100}
	first, err := CompareJSON([]*Run{a}, []*Run{b}, options)
	if err != nil {
		t.Fatal(err)
	}
	again, err := CompareJSON([]*Run{a}, []*Run{b}, options)
	if err != nil || string(first) != string(again) {
		t.Error("the same seed gave another result", err)
	}
	// A run on both sides, and many callers while one is closed.
	var group sync.WaitGroup
	for range 4 {
		group.Add(1)
		go func() {
			defer group.Done()
			for _, sides := range [][2][]*Run{{{a}, {b, a}}, {{b, a}, {a}}} {
				if _, err := Compare(sides[0], sides[1], CompareOptions{}); err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			}
		}()
	}
	b.Close()
	group.Wait()
	a.Close()
	if _, err := Compare([]*Run{a}, []*Run{a}, options); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := Compare(nil, nil, options); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
}

func TestForgottenRunsAreFreed(t *testing.T) {
	for range 200 {
		if _, err := RunFromBytes("made", Files{Frames: []byte(frames)}); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.GC()
}

func TestVersion(t *testing.T) {
	if Version() == "" {
		t.Error("no version")
	}
}

func ExampleQuantile() {
	median, err := Quantile([]float64{4, 1, 3, 2}, 0.5, Linear)
	fmt.Println(median, err)
	// Output: 2.5 <nil>
}
