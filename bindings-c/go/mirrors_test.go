package streamgauge

import (
	"reflect"
	"testing"
)

func TestMirrorsHaveTheBytesOfTheLibrary(t *testing.T) {
	if size := reflect.TypeOf(Packet{}).Size(); size != 32 {
		t.Errorf("a packet has %d bytes", size)
	}
	for _, pair := range mirrors() {
		ours, theirs := reflect.TypeOf(pair[0]), reflect.TypeOf(pair[1])
		if ours.Size() != theirs.Size() || ours.Align() != theirs.Align() {
			t.Errorf("%v has %d bytes, %v %d", ours, ours.Size(), theirs, theirs.Size())
		}
		of, count := map[string]reflect.StructField{}, 0
		for _, field := range reflect.VisibleFields(theirs) {
			of[field.Name] = field
			if field.Name != "_" && field.Name != "reserved" {
				count++
			}
		}
		for _, field := range reflect.VisibleFields(ours) {
			if field.Name == "_" {
				continue
			}
			count--
			other, there := of[snake(field.Name)]
			if !there || other.Offset != field.Offset || other.Type.Size() != field.Type.Size() {
				t.Errorf("%v.%s is not where it is in %v", ours, field.Name, theirs)
			}
		}
		if count != 0 {
			t.Errorf("%v has %d fields more than %v", theirs, count, ours)
		}
	}
}
