module github.com/streamgauge/streamgauge/examples/ring-go

go 1.24

require github.com/streamgauge/streamgauge/bindings-c/go v0.0.0

replace github.com/streamgauge/streamgauge/bindings-c/go => ../../bindings-c/go
