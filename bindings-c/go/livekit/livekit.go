// Package livekit gives reports of streamgauge to LiveKit's services, as the messages of
// github.com/livekit/protocol. It is a module of its own, so that the main one has no dependencies.
package livekit

import (
	"context"
	"fmt"

	protocol "github.com/livekit/protocol/livekit"
	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
	"google.golang.org/protobuf/proto"
)

// Stats gives the stats of a report. node names this node. Each has the id idPrefix and a number, counted from 0 in each
// report: with a prefix that is unique to the report the ids are unique. An empty prefix is a random one. Stats of relays
// have no place there and are left out; a count that a message has no room for comes in several.
func Stats(report *streamgauge.Report, node, idPrefix string) ([]*protocol.AnalyticsStat, error) {
	encoded, err := report.LiveKit(node, idPrefix)
	if err != nil {
		return nil, err
	}
	var message protocol.AnalyticsStats
	if err := proto.Unmarshal(encoded, &message); err != nil {
		return nil, fmt.Errorf("livekit: %w", err)
	}
	return message.Stats, nil
}

// Deliver makes a streamgauge.ReporterConfig.Deliver of a function that sends stats, such as one around SendStats of
// LiveKit's AnalyticsService. Nothing is sent of a report that has stats of relays only. With random ids, a report that
// is delivered again has others.
func Deliver(
	node string, send func(context.Context, []*protocol.AnalyticsStat) error,
) func(context.Context, *streamgauge.Report) error {
	return func(ctx context.Context, report *streamgauge.Report) error {
		stats, err := Stats(report, node, "")
		if err != nil || len(stats) == 0 {
			return err
		}
		return send(ctx, stats)
	}
}
