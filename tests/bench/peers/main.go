// Measures the Go module against what Go servers use: Pion's stats interceptor, LiveKit's receiver and stats worker,
// and a plain ring. Prints tables; a figure is the median of several repeats, taken in turn.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// entry is one thing to measure. run does the work of n units and says how long that took, so that it may leave out
// what is not to be measured.
type entry struct {
	name string
	run  func(n int) time.Duration
	// bytes is the memory of one stream, where that is the question.
	bytes float64
}

// result is what was measured of an entry.
type result struct {
	ns, allocs float64
}

var (
	repeats = flag.Int("repeats", 7, "repeats; the median counts")
	budget  = flag.Duration("time", 150*time.Millisecond, "length of one repeat")
	only    = flag.String("only", "", "only tables whose title has this text")
)

func main() {
	flag.Parse()
	fmt.Printf("%s, %s/%s, %d CPUs; medians of %d repeats\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), *repeats)
	for _, streams := range []int{1, 10_000} {
		table(fmt.Sprintf("one RTP packet recorded, %d streams", streams), "packet", memory(streams), func() []entry { return receivers(streams) })
		table(fmt.Sprintf("one RTP packet through a Pion interceptor, %d streams", streams), "packet", "", func() []entry { return interceptors(streams) })
	}
	table("report of 10,000 tracks as LiveKit's protobuf", "report", "", func() []entry { return reports(10_000) })
	for _, size := range []int{1316, 64 << 10} {
		for _, readers := range []int{1, 8, 64, 1000} {
			title := fmt.Sprintf("ring, chunks of %d bytes, %d readers", size, readers)
			table(title+" in turn on one thread", "chunk", "", func() []entry { return inTurn(size, readers) })
			table(title+" in goroutines", "chunk", "", func() []entry { return atOnce(size, readers) })
		}
	}
}

// memory is the heading of a column that means something for many streams only.
func memory(streams int) string {
	if streams == 1 {
		return ""
	}
	return "bytes/stream"
}

// table measures entries in turn and prints them; ratios are against the first one.
func table(title, unit, extra string, entries func() []entry) {
	if !strings.Contains(title, *only) {
		return
	}
	list := entries()
	results := make([][]result, len(list))
	counts := make([]int, len(list))
	for i, e := range list {
		counts[i] = calibrate(e)
	}
	for range *repeats {
		for i, e := range list {
			results[i] = append(results[i], measure(e, counts[i]))
		}
	}
	fmt.Printf("\n%s\n\n| | ns/%s | allocations/%s | faster |", title, unit, unit)
	rule := "|---|---:|---:|---:|"
	if extra != "" {
		fmt.Printf(" %s |", extra)
		rule += "---:|"
	}
	fmt.Println("\n" + rule)
	first := median(results[0])
	for i, e := range list {
		m := median(results[i])
		fmt.Printf("| %s | %s | %s | %.2fx |", e.name, figure(m.ns), figure(m.allocs), first.ns/m.ns)
		if extra != "" {
			fmt.Printf(" %s |", figure(e.bytes))
		}
		fmt.Println()
	}
}

// calibrate finds how many units fill a repeat.
func calibrate(e entry) int {
	for n := 1; ; n *= 2 {
		if took := e.run(n); took > *budget/4 || n > 1<<28 {
			return max(1, int(float64(n)*float64(*budget)/float64(max(took, 1))))
		}
	}
}

func measure(e entry, n int) result {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	took := e.run(n)
	runtime.ReadMemStats(&after)
	return result{float64(took.Nanoseconds()) / float64(n), float64(after.Mallocs-before.Mallocs) / float64(n)}
}

func median(results []result) result {
	sorted := slices.SortedFunc(slices.Values(results), func(a, b result) int {
		switch {
		case a.ns < b.ns:
			return -1
		case a.ns > b.ns:
			return 1
		default:
			return 0
		}
	})
	return sorted[len(sorted)/2]
}

func figure(x float64) string {
	switch {
	case x < 0.005:
		return "0"
	case x < 100:
		return fmt.Sprintf("%.2f", x)
	default:
		return fmt.Sprintf("%.0f", x)
	}
}

// must ends the program: nothing here may fail.
func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// heap is the memory of what make makes, which is kept alive by what it returns.
func heap(n int, make func() any) float64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := make()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return float64(after.HeapAlloc-before.HeapAlloc) / float64(n)
}
