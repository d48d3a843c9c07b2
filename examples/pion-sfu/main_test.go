package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
)

// viewer is how the SFU names the first one.
const viewer = "alice-viewer-1"

// patience is how long anything may take; nothing is measured by it.
const patience = 90 * time.Second

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// outbound is what Chromium counted of one stream it sent.
type outbound struct {
	Kind                     string `json:"kind"`
	SSRC                     uint32 `json:"ssrc"`
	RtxSSRC                  uint32 `json:"rtxSsrc"`
	PacketsSent              uint64 `json:"packetsSent"`
	BytesSent                uint64 `json:"bytesSent"`
	RetransmittedPacketsSent uint64 `json:"retransmittedPacketsSent"`
	RetransmittedBytesSent   uint64 `json:"retransmittedBytesSent"`
	FramesSent               uint64 `json:"framesSent"`
	NackCount                uint64 `json:"nackCount"`
	PliCount                 uint64 `json:"pliCount"`
}

func TestAgainstChromium(t *testing.T) {
	for _, c := range []struct {
		name string
		loss float64
	}{{"clean", 0}, {"lossy", 0.05}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := must[*sfu](t)(newSFU(c.loss, 7, time.Second))
			tries := make(chan struct{}, 1)
			routes := s.routes()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/whep/") {
					select {
					case tries <- struct{}{}:
					default:
					}
				}
				routes.ServeHTTP(w, r)
			}))
			defer server.Close()
			browse(t, server.URL+"/watch.html?name=alice")
			select {
			case <-tries:
			case <-time.After(patience):
				t.Fatal("the viewer did not ask")
			}
			browse(t, server.URL+"/publish.html?name=alice&seconds=8")
			await(t, s, "what the browsers counted", func(now stats) bool {
				return now.Browsers["alice"] != nil && now.Browsers[viewer] != nil
			})
			stats := settled(t, s)
			watched(t, stats)
			served(t, server.URL, stats)
			// A viewer whose picture stands still goes on to ask for key frames.
			if !s.leave(viewer) {
				t.Error("the viewer had gone")
			}
			compare(t, settled(t, s))
			if err := s.close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// browse opens a page in a headless browser with a camera and a microphone that are none.
func browse(t *testing.T, url string) {
	t.Helper()
	browser := os.Getenv("CHROMIUM")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); browser == "" && err == nil {
			browser = path
		}
	}
	if browser == "" {
		t.Skip("no Chromium")
	}
	var log bytes.Buffer
	command := exec.Command(browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-dev-shm-usage", "--user-data-dir="+t.TempDir(),
		"--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
		"--disable-features=WebRtcHideLocalIpsWithMdns", "--log-level=3", url)
	command.Stdout, command.Stderr = &log, &log
	command.WaitDelay = time.Second
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
}

func await(t *testing.T, s *sfu, what string, there func(stats) bool) stats {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if now := must[stats](t)(s.stats()); there(now) {
			return now
		}
	}
	text, _ := json.MarshalIndent(must[stats](t)(s.stats()), "", " ")
	t.Fatalf("%s did not come in %v; there is\n%s", what, patience, text)
	return stats{}
}

// settled waits until nothing is under way any more, here and in the browsers.
func settled(t *testing.T, s *sfu) stats {
	t.Helper()
	var before stats
	return await(t, s, "an end", func(now stats) bool {
		same := slices.Equal(before.Tracks, now.Tracks)
		for participant, told := range now.Browsers {
			same = same && counted(t, told) == counted(t, before.Browsers[participant])
		}
		before = now
		time.Sleep(1100 * time.Millisecond) // Browsers tell every second.
		return same
	})
}

// counted is what grows as long as something is under way.
func counted(t *testing.T, told json.RawMessage) [2]uint64 {
	var streams []struct{ PacketsSent, PacketsReceived, NackCount, PliCount uint64 }
	if told == nil {
		return [2]uint64{}
	}
	if err := json.Unmarshal(told, &streams); err != nil {
		t.Fatal(err)
	}
	var sum [2]uint64
	for _, stream := range streams {
		sum[0] += stream.PacketsSent + stream.PacketsReceived
		sum[1] += stream.NackCount + stream.PliCount
	}
	return sum
}

func track(t *testing.T, s stats, direction streamgauge.Direction, id string) streamgauge.TrackTotals {
	t.Helper()
	for _, track := range s.Tracks {
		if track.Key.Direction == direction && track.Key.Track == id {
			return track.Totals
		}
	}
	t.Fatalf("no track %s %s", direction, id)
	return streamgauge.TrackTotals{}
}

// compare holds our totals against Chromium's: what it sent is what we counted and what was dropped before us.
func compare(t *testing.T, s stats) {
	var streams []outbound
	if err := json.Unmarshal(s.Browsers["alice"], &streams); err != nil {
		t.Fatal(err)
	}
	if len(streams) != 2 {
		t.Fatalf("Chromium has %d streams: %s", len(streams), s.Browsers["alice"])
	}
	for _, theirs := range streams {
		ours := track(t, s, streamgauge.Upstream, "alice-"+theirs.Kind)
		media, repair := s.Injected["alice"][theirs.SSRC], s.Injected["alice"][theirs.RtxSSRC]
		equal := func(what string, ours, theirs uint64) {
			t.Helper()
			if ours != theirs {
				t.Errorf("%s: %d %s here, %d in Chromium", what, ours, what, theirs)
			}
		}
		t.Logf("%s: %+v, Chromium %+v, dropped %+v and %+v", theirs.Kind, ours, theirs, media, repair)
		if theirs.PacketsSent < 100 {
			t.Errorf("only %d packets of %s", theirs.PacketsSent, theirs.Kind)
		}
		equal("packets", ours.PrimaryPackets+ours.RetransmitPackets+ours.PaddingPackets+media.Packets+repair.Packets, theirs.PacketsSent)
		equal("bytes", ours.PrimaryBytes+ours.RetransmitBytes+media.PayloadBytes+repair.PayloadBytes, theirs.BytesSent)
		if ours.RetransmitPackets+repair.Packets < theirs.RetransmittedPacketsSent {
			// It probes the path on the same SSRC too, which it does not call retransmissions.
			t.Errorf("%d retransmissions here, %d in Chromium", ours.RetransmitPackets+repair.Packets, theirs.RetransmittedPacketsSent)
		}
		equal("packets lost", uint64(ours.PacketsLost), media.Gaps+repair.Gaps)
		equal("NACKs", ours.Nacks, theirs.NackCount)
		equal("PLIs", ours.Plis, theirs.PliCount)
		equal("duplicates", ours.PacketsDuplicate, 0)
		// Chromium counts a frame that it gives to its pacer, also one that goes no further.
		if theirs.Kind == "video" && (ours.Frames == 0 || ours.Frames > theirs.FramesSent) {
			t.Errorf("%d frames here, %d in Chromium", ours.Frames, theirs.FramesSent)
		}
	}
}

// inbound is what Chromium counted of one stream it got.
type inbound struct {
	Kind            string `json:"kind"`
	PacketsReceived uint64 `json:"packetsReceived"`
	FramesDecoded   uint64 `json:"framesDecoded"`
}

// watched holds our totals of what went to the viewer against what Chromium got: it misses what came before it was ready.
func watched(t *testing.T, s stats) {
	var streams []inbound
	if err := json.Unmarshal(s.Browsers[viewer], &streams); err != nil {
		t.Fatal(err)
	}
	if len(streams) != 2 {
		t.Fatalf("the viewer has %d streams: %s", len(streams), s.Browsers[viewer])
	}
	for _, theirs := range streams {
		ours := track(t, s, streamgauge.Downstream, "alice-"+theirs.Kind)
		t.Logf("to the viewer: %+v, %+v", ours, theirs)
		sent := ours.PrimaryPackets + ours.RetransmitPackets
		if up := track(t, s, streamgauge.Upstream, "alice-"+theirs.Kind); ours.PacketsLost > up.PacketsLost {
			t.Errorf("%d packets of %s lost on the way to the viewer, where nothing drops any; %d on the way here", ours.PacketsLost, theirs.Kind, up.PacketsLost)
		}
		more := theirs.PacketsReceived > sent
		if theirs.PacketsReceived == 0 || more || ours.PacketsDuplicate > 0 {
			t.Errorf("the viewer got %d packets of %s, we sent %d", theirs.PacketsReceived, theirs.Kind, sent)
		}
		if theirs.Kind == "video" && theirs.FramesDecoded == 0 {
			t.Error("the viewer decoded nothing")
		}
	}
}

// served looks at what a client of /stats and /metrics sees.
func served(t *testing.T, url string, s stats) {
	get := func(path string) []byte {
		response := must[*http.Response](t)(http.Get(url + path))
		defer response.Body.Close()
		return must[[]byte](t)(io.ReadAll(response.Body))
	}
	var over stats
	if err := json.Unmarshal(get("/stats"), &over); err != nil {
		t.Fatal(err)
	}
	if len(over.Tracks) != 4 || over.Tracks[0] != s.Tracks[0] || len(over.Report) == 0 {
		t.Errorf("/stats has %+v", over)
	}
	want := `streamgauge_track_packets_total{direction="upstream",kind="video",participant="alice",role="edge",track="alice-video"} `
	if metrics := string(get("/metrics")); !strings.Contains(metrics, want) {
		t.Errorf("/metrics has no packets of the video:\n%s", metrics)
	}
}

func TestRequests(t *testing.T) {
	s := must[*sfu](t)(newSFU(0, 1, time.Hour))
	server := httptest.NewServer(s.routes())
	defer server.Close()
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/", "", 200},
		{"GET", "/publish.html", "", 200},
		{"GET", "/stats", "", 200},
		{"GET", "/metrics", "", 200},
		{"POST", "/whip/alice", "no offer", 400},
		{"POST", "/whip/alice", strings.Repeat("v", maxBody+1), 400},
		{"POST", "/whep/alice", "", 404},
		{"POST", "/browser/alice", "{}", 404},
		{"POST", "/browser/alice", "{", 400},
		{"DELETE", "/sessions/alice", "", 404},
	} {
		request := must[*http.Request](t)(http.NewRequest(c.method, server.URL+c.path, strings.NewReader(c.body)))
		response := must[*http.Response](t)(http.DefaultClient.Do(request))
		_ = response.Body.Close()
		if response.StatusCode != c.status {
			t.Errorf("%s %s: %s, not %d", c.method, c.path, response.Status, c.status)
		}
	}
	if now := must[stats](t)(s.stats()); len(now.Tracks) != 0 {
		t.Errorf("tracks of nobody: %+v", now.Tracks)
	}
	for _, loss := range []float64{-0.1, 1.1} {
		if _, err := newSFU(loss, 1, time.Second); err == nil {
			t.Errorf("a loss of %v", loss)
		}
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}
