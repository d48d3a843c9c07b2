module github.com/streamgauge/streamgauge/bindings-c/go

go 1.24
