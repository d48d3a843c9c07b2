package streamgauge

// #include <streamgauge.h>
import "C"

import "unsafe"

// CdnRequest is a request that an edge answered.
type CdnRequest struct {
	AtUs int64
	// Bytes are those of the answer.
	Bytes uint64
	// Hit is whether it came from the cache; else it went to the origin.
	Hit bool
	_   [7]byte
}

// EdgeTotals are requests of one edge, or of several.
type EdgeTotals struct {
	// Hits were answered from the cache, Misses went to the origin.
	Hits, Misses, HitBytes, MissBytes uint64
	// HitRatio is hits of all requests, if HasHitRatio.
	HitRatio float64
	// ByteHitRatio is bytes of hits of all bytes, if HasByteHitRatio.
	ByteHitRatio    float64
	HasHitRatio     bool
	HasByteHitRatio bool
}

// CdnState is what all edges served.
type CdnState struct {
	// Total is all edges together, Others those that are not told apart.
	Total, Others EdgeTotals
	// Edges is how many are told apart.
	Edges uint64
	// StartUs and EndUs are the first and the last request, if HasInterval.
	StartUs, EndUs int64
	// BandwidthBps is bits per second from the first to the last request, if HasBandwidth: if time passed between.
	BandwidthBps float64
	HasInterval  bool
	HasBandwidth bool
}

// CdnConfig limits a Cdn. The zero value is the defaults.
type CdnConfig struct {
	// MaxEdges is how many edges are told apart; 0 is 1,024. Those beyond are counted together.
	MaxEdges uint64
}

// Cdn counts requests by edge. Any number of goroutines may use it. Close is the contract; one that is forgotten is freed
// some time.
type Cdn struct{ handle handle[*C.sg_cdn] }

// NewCdn makes one that served nothing yet.
func NewCdn(config CdnConfig) (*Cdn, error) {
	c := C.sg_cdn_config{max_edges: C.uint64_t(config.MaxEdges)}
	var pointer *C.sg_cdn
	var object *C.sg_error
	if err := failure(C.sg_cdn_new(&c, C.sizeof_sg_cdn_config, &pointer, &object), object); err != nil {
		return nil, err
	}
	cdn := &Cdn{}
	cdn.handle.own(pointer, "cdn", func(cdn *C.sg_cdn) { C.sg_cdn_free(cdn) })
	return cdn, nil
}

// Record counts requests that an edge answered.
func (c *Cdn) Record(edge string, requests ...CdnRequest) error {
	list := (*C.sg_cdn_request)(unsafe.Pointer(unsafe.SliceData(requests)))
	return c.handle.shared(func(handle *C.sg_cdn, object **C.sg_error) C.sg_status {
		return C.sg_cdn_record(handle, chars(edge), C.size_t(len(edge)), list, C.size_t(len(requests)), object)
	})
}

// Merge adds everything of another node.
func (c *Cdn) Merge(other *Cdn) error {
	var copied *C.sg_cdn
	err := other.handle.shared(func(handle *C.sg_cdn, object **C.sg_error) C.sg_status {
		return C.sg_cdn_copy(handle, &copied, object)
	})
	if err != nil {
		return err
	}
	defer C.sg_cdn_free(copied)
	return c.handle.shared(func(handle *C.sg_cdn, object **C.sg_error) C.sg_status {
		return C.sg_cdn_merge(handle, copied, object)
	})
}

// Snapshot tells what all edges served.
func (c *Cdn) Snapshot() (CdnState, error) {
	var state CdnState
	err := c.handle.shared(func(handle *C.sg_cdn, object **C.sg_error) C.sg_status {
		return C.sg_cdn_snapshot(handle, (*C.sg_cdn_state)(unsafe.Pointer(&state)), C.sizeof_sg_cdn_state, object)
	})
	return state, err
}

// Edges gives every edge that is told apart, by name.
func (c *Cdn) Edges() (map[string]EdgeTotals, error) {
	var edges *C.sg_edges
	err := c.handle.shared(func(handle *C.sg_cdn, object **C.sg_error) C.sg_status {
		return C.sg_cdn_edges(handle, &edges, object)
	})
	if err != nil {
		return nil, err
	}
	defer C.sg_edges_free(edges)
	list, err := counted(func(list []C.sg_edge, count *C.size_t) error {
		var object *C.sg_error
		return failure(C.sg_edges_read(edges, 0, unsafe.SliceData(list), C.sizeof_sg_edge, C.size_t(len(list)), count, &object), object)
	})
	named := make(map[string]EdgeTotals, len(list))
	for i := range list {
		named[text(list[i].name)] = *(*EdgeTotals)(unsafe.Pointer(&list[i].totals))
	}
	return named, err
}

// Close frees it. Later calls return ErrClosed; a second Close does nothing.
func (c *Cdn) Close() error { return c.handle.close() }
