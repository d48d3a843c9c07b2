package main

import (
	"maps"
	"math/rand/v2"
	"sync"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
)

// loss is an interceptor, and its own factory, that drops a share of the packets that come.
type loss struct {
	interceptor.NoOp
	share float64

	mu      sync.Mutex
	random  *rand.Rand
	dropped map[uint32]injected
}

// injected is what was dropped of one SSRC.
type injected struct {
	Packets, PayloadBytes uint64
	// Gaps are those of them that a receiver can miss: between two packets that were not dropped.
	Gaps uint64

	passed bool
	// gap is how many were dropped since the last that was not.
	gap uint64
}

func newLoss(share float64, seed uint64) *loss {
	return &loss{share: share, random: rand.New(rand.NewPCG(seed, 0)), dropped: map[uint32]injected{}}
}

func (l *loss) NewInterceptor(string) (interceptor.Interceptor, error) { return l, nil }

func (l *loss) BindRemoteStream(_ *interceptor.StreamInfo, reader interceptor.RTPReader) interceptor.RTPReader {
	return interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		for {
			n, a, err := reader.Read(b, a)
			if err != nil || !l.drops(b[:n]) {
				return n, a, err
			}
		}
	})
}

func (l *loss) drops(b []byte) bool {
	var packet rtp.Packet
	if packet.Unmarshal(b) != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := l.dropped[packet.SSRC]
	drop := l.random.Float64() < l.share
	if drop {
		counts.Packets++
		counts.PayloadBytes += uint64(len(packet.Payload))
		counts.gap++
	} else {
		if counts.passed {
			counts.Gaps += counts.gap
		}
		counts.passed, counts.gap = true, 0
	}
	l.dropped[packet.SSRC] = counts
	return drop
}

func (l *loss) counts() map[uint32]injected {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.dropped)
}
