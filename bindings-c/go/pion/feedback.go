package pion

import (
	"errors"
	"hash/maphash"

	"github.com/pion/rtcp"
	streamgauge "github.com/streamgauge/streamgauge/bindings-c/go"
)

// feedback counts a compound packet that came through a reader, or went (reader 0), and tells the tracks of the
// streams that it speaks of.
func (r *recorder) feedback(reader int, compound []byte, packets []rtcp.Packet) error {
	about := map[uint32]struct{}{}
	for _, packet := range packets {
		for _, ssrc := range packet.DestinationSSRC() {
			about[ssrc] = struct{}{}
		}
	}
	now := r.config.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	// Pion gives a compound to the reader of every SSRC it speaks of.
	if reader > 0 && len(about) > 1 && r.seen.before(reader, compound) {
		return nil
	}
	failed := []error{r.stats.Record(now, compound)}
	for ssrc := range about {
		s := r.streams[ssrc]
		if s == nil {
			continue
		}
		report, err := r.stats.Source(ssrc)
		if errors.Is(err, streamgauge.ErrNotFound) {
			continue
		}
		if err == nil {
			err = s.track.RecordRtcp(now, s.sample(&report))
		}
		failed = append(failed, err)
	}
	err := errors.Join(failed...)
	if errors.Is(err, streamgauge.ErrClosed) {
		// The track or the connection ended meanwhile.
		return nil
	}
	return err
}

// sample is what is new in a report since the last one.
func (s *stream) sample(now *streamgauge.RtcpReport) streamgauge.RtcpSample {
	said := s.said
	s.said = *now
	if now.Nacks < said.Nacks || now.Plis < said.Plis || now.Firs < said.Firs || now.RttMeasurements < said.RttMeasurements {
		// The statistics had to forget the source, and began again.
		said = streamgauge.RtcpReport{Remote: said.Remote}
	}
	sample := streamgauge.RtcpSample{
		Nacks: uint32(now.Nacks - said.Nacks),
		Plis:  uint32(now.Plis - said.Plis),
		Firs:  uint32(now.Firs - said.Firs),
	}
	if s.direction == streamgauge.Upstream {
		// Its loss and jitter are counted as the packets come.
		return sample
	}
	if now.RttMeasurements > said.RttMeasurements && now.RttUs != nil {
		sample.RttUs, sample.HasRttUs = uint32(min(*now.RttUs, 1<<32-1)), true
	}
	if now.Remote != nil {
		sample.Lost = int64(now.Remote.CumulativeLost)
		if said.Remote != nil {
			sample.Lost -= int64(said.Remote.CumulativeLost)
		}
		if clock := uint64(s.info.ClockRate); clock > 0 {
			sample.JitterUs, sample.HasJitterUs = uint32(min(uint64(now.Remote.JitterTicks)*1_000_000/clock, 1<<32-1)), true
		}
	}
	return sample
}

// seen remembers the latest compounds that speak of several SSRCs, to count each once.
type seen struct {
	next int
	last [16]struct {
		hash    uint64
		readers []int
	}
}

var seed = maphash.MakeSeed()

// before tells whether the compound came through another reader already. When it comes again through one that has
// had it, it is another one of the same content.
func (s *seen) before(reader int, compound []byte) bool {
	hash := maphash.Bytes(seed, compound)
	for i := range s.last {
		entry := &s.last[i]
		if entry.hash != hash || len(entry.readers) == 0 {
			continue
		}
		for _, had := range entry.readers {
			if had == reader {
				entry.readers = append(entry.readers[:0], reader)
				return false
			}
		}
		entry.readers = append(entry.readers, reader)
		return true
	}
	entry := &s.last[s.next]
	s.next = (s.next + 1) % len(s.last)
	entry.hash, entry.readers = hash, append(entry.readers[:0], reader)
	return false
}
