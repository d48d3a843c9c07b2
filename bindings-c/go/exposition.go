package streamgauge

// #include <streamgauge.h>
import "C"

import (
	"runtime"
	"unsafe"
)

// TelemetrySnapshot is everything counted on one node, reported or not, less what tracks brought from other nodes, where
// that is counted.
type TelemetrySnapshot struct {
	// Tracks are those that are kept.
	Tracks []TrackState
	// Groups are the tracks of each direction, role and kind that are or were there.
	Groups []GroupState
}

// TrackState is what was counted of a track since StartUs, when it was opened.
type TrackState struct {
	Key     TrackKey
	StartUs int64
	Totals  TrackTotals
}

// GroupState is what was counted of tracks since StartUs, when the first of them was opened. It never falls, but for the
// loss.
type GroupState struct {
	Direction Direction
	Role      Role
	Kind      TrackKind
	StartUs   int64
	Totals    TrackTotals
}

// Snapshot copies everything counted.
func (t *Telemetry) Snapshot() (TelemetrySnapshot, error) {
	t.batches.flush()
	var snapshot *C.sg_snapshot
	err := t.handle.shared(func(handle *C.sg_telemetry, object **C.sg_error) C.sg_status {
		return C.sg_telemetry_snapshot(handle, &snapshot, object)
	})
	if err != nil {
		return TelemetrySnapshot{}, err
	}
	defer C.sg_snapshot_free(snapshot)
	tracks, err := counted(func(list []C.sg_track_state, count *C.size_t) error {
		var object *C.sg_error
		status := C.sg_snapshot_tracks(snapshot, 0, unsafe.SliceData(list), C.sizeof_sg_track_state, C.size_t(len(list)), count, &object)
		return failure(status, object)
	})
	if err != nil {
		return TelemetrySnapshot{}, err
	}
	groups, err := counted(func(list []C.sg_group_state, count *C.size_t) error {
		var object *C.sg_error
		status := C.sg_snapshot_groups(snapshot, unsafe.SliceData(list), C.sizeof_sg_group_state, C.size_t(len(list)), count, &object)
		return failure(status, object)
	})
	seen := texts{}
	return TelemetrySnapshot{
		Tracks: converted(tracks, func(c *C.sg_track_state) TrackState {
			return TrackState{seen.key(&c.key), int64(c.start_us), *(*TrackTotals)(unsafe.Pointer(&c.totals))}
		}),
		Groups: converted(groups, func(c *C.sg_group_state) GroupState {
			return GroupState{
				Direction(c.direction), Role(c.role), TrackKind(c.kind), int64(c.start_us),
				*(*TrackTotals)(unsafe.Pointer(&c.totals)),
			}
		}),
	}, err
}

// Exposition is the same as Prometheus text, or as OpenMetrics: every direction, role and kind (streamgauge_bytes_total
// and so on), which never fall, and the top tracks with the most bytes in each (streamgauge_track_bytes_total and so on).
func (t *Telemetry) Exposition(top int, openMetrics bool) ([]byte, error) {
	if top < 0 {
		return nil, invalid("top is %d, at least 0", top)
	}
	t.batches.flush()
	var out C.sg_buf
	err := t.handle.shared(func(handle *C.sg_telemetry, object **C.sg_error) C.sg_status {
		return C.sg_telemetry_exposition(handle, C.size_t(top), flag(openMetrics), &out, object)
	})
	return taken(&out, err)
}

// Attribute is a name and a text.
type Attribute struct{ Name, Value string }

// OtlpConfig is what OTLP metrics say beside the counts. The zero value is the defaults.
type OtlpConfig struct {
	// Resource has attributes such as service.name and service.instance.id. OTLP wants one that tells this node from
	// others. Empty for service.name alone, which is then streamgauge.
	Resource []Attribute
	// TopTracks is how many tracks of each direction, role and kind have series of their own; 0 is 100.
	TopTracks uint64
	// JSON is for application/json; else it is protobuf, application/x-protobuf.
	JSON bool
}

// c gives the config as C sees it, until the pinner lets go.
func (o *OtlpConfig) c(pinner *runtime.Pinner) C.sg_otlp_config {
	c := C.sg_otlp_config{top_tracks: C.uint64_t(o.TopTracks), format: C.SG_OTLP_PROTOBUF}
	if o.JSON {
		c.format = C.SG_OTLP_JSON
	}
	c.resource, c.resource_count = attributesOf(pinner, o.Resource)
	return c
}

// attributesOf gives attributes as C sees them, until the pinner lets go.
func attributesOf(pinner *runtime.Pinner, attributes []Attribute) (*C.sg_attribute, C.size_t) {
	if len(attributes) == 0 {
		return nil, 0
	}
	list := make([]C.sg_attribute, len(attributes))
	for i, attribute := range attributes {
		list[i] = C.sg_attribute{name: textOf(pinner, attribute.Name), value: textOf(pinner, attribute.Value)}
	}
	pinner.Pin(&list[0])
	return &list[0], C.size_t(len(list))
}

// OTLP gives the same as OTLP metrics with cumulative temporality; empty when there is nothing to say.
func (t *Telemetry) OTLP(nowUs int64, config OtlpConfig) ([]byte, error) {
	t.batches.flush()
	var pinner runtime.Pinner
	defer pinner.Unpin()
	c := config.c(&pinner)
	var out C.sg_buf
	err := t.handle.shared(func(handle *C.sg_telemetry, object **C.sg_error) C.sg_status {
		return C.sg_telemetry_otlp(handle, C.int64_t(nowUs), &c, C.sizeof_sg_otlp_config, &out, object)
	})
	return taken(&out, err)
}
