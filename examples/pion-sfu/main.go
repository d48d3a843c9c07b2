// A small SFU on Pion that counts every packet with streamgauge; see README.md.
package main

import (
	"flag"
	"log"
	"net/http"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "where pages, /stats and /metrics are served; browsers give media to localhost or HTTPS only")
	loss := flag.Float64("loss", 0, "share of the packets from publishers that is dropped before anything sees them, 0 to 1")
	seed := flag.Uint64("seed", 1, "which packets these are")
	interval := flag.Duration("interval", 5*time.Second, "time between two reports of the telemetry")
	flag.Parse()
	sfu, err := newSFU(*loss, *seed, *interval)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("publish at http://%s/publish.html, watch at http://%s/watch.html", *listen, *listen)
	server := &http.Server{Addr: *listen, Handler: sfu.routes(), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}
