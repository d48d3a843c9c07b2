package main

import (
	"embed"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
)

//go:embed pages
var pages embed.FS

// maxBody bounds what a client may send.
const maxBody = 1 << 20

// routes are the pages, WHIP (RFC 9725) and WHEP for media, and the statistics.
func (s *sfu) routes() http.Handler {
	mux := http.NewServeMux()
	static, err := fs.Sub(pages, "pages")
	if err != nil {
		panic(err) // The folder is compiled in.
	}
	mux.Handle("GET /", http.FileServerFS(static))
	mux.HandleFunc("POST /whip/{name}", s.negotiate(s.publish))
	mux.HandleFunc("POST /whep/{name}", s.negotiate(s.subscribe))
	mux.HandleFunc("DELETE /sessions/{participant}", func(w http.ResponseWriter, r *http.Request) {
		if !s.leave(r.PathValue("participant")) {
			http.Error(w, "no such session", http.StatusNotFound)
		}
	})
	mux.HandleFunc("POST /browser/{name}", s.browserStats)
	mux.HandleFunc("GET /stats", s.serveStats)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics, promhttp.HandlerOpts{}))
	return mux
}

// negotiate answers an offer; who asked stays until it is deleted or its connection fails.
func (s *sfu) negotiate(join func(name, offer string) (participant, answer string, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		offer, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		participant, answer, err := join(r.PathValue("name"), string(offer))
		switch {
		case errors.Is(err, errTaken):
			http.Error(w, err.Error(), http.StatusConflict)
		case errors.Is(err, errNobody):
			http.Error(w, err.Error(), http.StatusNotFound)
		case err != nil:
			http.Error(w, err.Error(), http.StatusBadRequest)
		default:
			w.Header().Set("Content-Type", "application/sdp")
			w.Header().Set("Location", "/sessions/"+participant)
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, answer)
		}
	}
}

// stats is what /stats shows.
type stats struct {
	// Tracks are all that are open or not reported yet, with everything counted of them.
	Tracks []streamgauge.TrackState
	// Injected is what was dropped on purpose, by publisher and SSRC.
	Injected map[string]map[uint32]injected
	// Browsers is what browsers counted, by participant, as they told us.
	Browsers map[string]json.RawMessage
	// Report is the latest report of the telemetry.
	Report json.RawMessage `json:",omitempty"`
}

func (s *sfu) serveStats(w http.ResponseWriter, _ *http.Request) {
	stats, err := s.stats()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(stats)
}

// browserStats takes what the browser of a participant counted, to stand beside ours.
func (s *sfu) browserStats(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil || !json.Valid(body) {
		http.Error(w, "no JSON, or too much", http.StatusBadRequest)
		return
	}
	if !s.told(r.PathValue("name"), body) {
		http.Error(w, errNobody.Error(), http.StatusNotFound)
	}
}
