package streamgauge

// #include <streamgauge.h>
import "C"

// mirrors are the structs that pass as they are, each with that of the library whose bytes it must have. A test
// compares them field by field.
func mirrors() [][2]any {
	return [][2]any{
		{Packet{}, C.sg_packet{}},
		{DataPacket{}, C.sg_data_packet{}},
		{RtcpSample{}, C.sg_rtcp_sample{}},
		{Sample{}, C.sg_sample{}},
		{StreamTotals{}, C.sg_stream_totals{}},
		{RtpState{}, C.sg_rtp_state{}},
		{RtcpTotals{}, C.sg_rtcp_counts{}},
		{TrackTotals{}, C.sg_track_counts{}},
		{LayerTotals{}, C.sg_layer_totals{}},
		{TrackSeed{}, C.sg_track_seed{}},
		{WindowState{}, C.sg_window_state{}},
		{SketchState{}, C.sg_sketch_state{}},
		{Bin{}, C.sg_bin{}},
		{RollupLevel{}, C.sg_level{}},
		{RollupState{}, C.sg_rollup_state{}},
		{ConcurrencyStep{}, C.sg_concurrency_step{}},
		{ViewerTotals{}, C.sg_viewer_totals{}},
		{MediaPacket{}, C.sg_media_packet{}},
		{ClassTotals{}, C.sg_class_totals{}},
		{MediaTotals{}, C.sg_media_totals{}},
		{MediaStats{}, C.sg_media_stats{}},
		{CdnRequest{}, C.sg_cdn_request{}},
		{EdgeTotals{}, C.sg_edge_totals{}},
		{CdnState{}, C.sg_cdn_state{}},
		{TelemetryState{}, C.sg_telemetry_state{}},
	}
}
