// Asks LiveKit's own code: what it reads in the protobuf that our core wrote, and what its stats
// worker makes of scripted samples. Prints both as JSON; see README.md.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/livekit/protocol/livekit"
)

// answers is what is recorded in answers.json.
type answers struct {
	Command string
	Tools   map[string]string
	// Inputs has the FNV-1a hash of each input file.
	Inputs map[string]string
	// Decoded has, by report, the stats that LiveKit reads in our bytes.
	Decoded map[string][]json.RawMessage
	// Worker has, by case and flush, the stats that LiveKit's worker sent.
	Worker map[string][][]json.RawMessage
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	out := answers{
		Command: "cargo xtask oracle livekit --update",
		Tools:   tools(),
		Inputs:  map[string]string{},
		Decoded: map[string][]json.RawMessage{},
		Worker:  map[string][][]json.RawMessage{},
	}
	var encoded map[string]string
	if err := read("encoded.json", &encoded, &out); err != nil {
		return err
	}
	for name, text := range encoded {
		bytes, err := hex.DecodeString(text)
		if err != nil {
			return fmt.Errorf("encoded.json: %s: %w", name, err)
		}
		var stats livekit.AnalyticsStats
		if err := proto.Unmarshal(bytes, &stats); err != nil {
			return fmt.Errorf("encoded.json: %s: %w", name, err)
		}
		if unknown := stats.ProtoReflect().GetUnknown(); len(unknown) > 0 {
			return fmt.Errorf("encoded.json: %s: LiveKit does not know %d bytes", name, len(unknown))
		}
		out.Decoded[name] = []json.RawMessage{}
		for _, stat := range stats.Stats {
			text, err := text2json(stat)
			if err != nil {
				return err
			}
			out.Decoded[name] = append(out.Decoded[name], text)
		}
	}
	var cases []script
	if err := read("cases.json", &cases, &out); err != nil {
		return err
	}
	for _, c := range cases {
		flushes, err := c.play()
		if err != nil {
			return fmt.Errorf("case %s: %w", c.Name, err)
		}
		out.Worker[c.Name] = flushes
	}
	return out.print()
}

// print writes the answers with a line for each stat, so that a difference can be read.
func (a answers) print() error {
	head, err := json.MarshalIndent(struct {
		Command string            `json:"command"`
		Tools   map[string]string `json:"tools"`
		Inputs  map[string]string `json:"inputs"`
	}{a.Command, a.Tools, a.Inputs}, "", " ")
	if err != nil {
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s,\n \"decoded\": {", strings.TrimSuffix(string(head), "\n}"))
	for i, name := range slices.Sorted(maps.Keys(a.Decoded)) {
		fmt.Fprintf(&text, "%s\n  %q: [%s]", comma(i), name, lines(a.Decoded[name], "\n   "))
	}
	text.WriteString("\n },\n \"worker\": {")
	for i, name := range slices.Sorted(maps.Keys(a.Worker)) {
		fmt.Fprintf(&text, "%s\n  %q: [", comma(i), name)
		for i, stats := range a.Worker[name] {
			fmt.Fprintf(&text, "%s\n   [%s]", comma(i), lines(stats, "\n    "))
		}
		text.WriteString("\n  ]")
	}
	text.WriteString("\n }\n}\n")
	_, err = os.Stdout.WriteString(text.String())
	return err
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

func lines(items []json.RawMessage, before string) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = before + string(item)
	}
	return strings.Join(texts, ",")
}

// read parses an input file and notes its hash.
func read(name string, into any, out *answers) error {
	bytes, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	hash := fnv.New64a()
	hash.Write(bytes)
	out.Inputs[name] = fmt.Sprintf("%016x", hash.Sum64())
	return json.Unmarshal(bytes, into)
}

// tools are the versions of the peers in this program.
func tools() map[string]string {
	versions := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			switch dep.Path {
			case "github.com/livekit/livekit-server", "github.com/livekit/protocol":
				versions[dep.Path] = dep.Version
			}
		}
	}
	return versions
}

// text2json prints a message in one line with the field names of the .proto, every field there, times
// in microseconds since the Unix epoch, always in the same way: protojson varies its white space on
// purpose.
func text2json(message proto.Message) (json.RawMessage, error) {
	text, err := protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}.Marshal(message)
	if err != nil {
		return nil, err
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, err
	}
	if err := inMicros(value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

// inMicros replaces the times in value, which protojson prints as RFC 3339.
func inMicros(value any) error {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			if err := inMicros(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, item := range value {
			text, isText := item.(string)
			if isText && (key == "time_stamp" || key == "start_time" || key == "end_time") {
				at, err := time.Parse(time.RFC3339Nano, text)
				if err != nil {
					return err
				}
				value[key] = strconv.FormatInt(at.UnixMicro(), 10)
			} else if err := inMicros(item); err != nil {
				return err
			}
		}
	}
	return nil
}
