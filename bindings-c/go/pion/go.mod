module github.com/streamgauge/streamgauge/bindings-c/go/pion

go 1.24.0

require (
	github.com/pion/interceptor v0.1.49
	github.com/pion/rtcp v1.2.19
	github.com/pion/rtp v1.10.5
	github.com/streamgauge/streamgauge/bindings-c/go v0.0.0
)

require github.com/pion/randutil v0.1.0 // indirect

replace github.com/streamgauge/streamgauge/bindings-c/go => ../
