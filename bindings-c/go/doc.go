// Package streamgauge gives the statistics core for media servers and test harnesses to Go, over the
// C library of the same name: `pkg-config --cflags --libs streamgauge` must find it. With the build tag
// streamgauge_static the library is linked in.
package streamgauge
