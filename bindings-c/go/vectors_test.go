package streamgauge

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// operation runs one step of a vector on the objects of that vector.
type operation func(objects, arguments) (any, error)

// operations are all that this package can run.
var operations = func() map[string]operation {
	all := map[string]operation{}
	for _, some := range []map[string]operation{ringOperations, packetOperations, trackOperations, runOperations, seriesOperations, audienceOperations} {
		maps.Copy(all, some)
	}
	return all
}()

// objects are those of one vector, by kind and id.
type objects map[string]any

// made keeps what an operation made.
func made[T any](o objects, kind, id string, value *T, err error) (any, error) {
	o[kind+"/"+id] = value
	return nil, err
}

// existing gives what an operation made.
func existing[T any](o objects, kind, id string) *T {
	value, there := o[kind+"/"+id].(*T)
	if !there {
		panic(fmt.Sprintf("the vector has no %s %q", kind, id))
	}
	return value
}

// arguments are the parameters of a step.
type arguments map[string]any

func (a arguments) text(key string) string { s, _ := a[key].(string); return s }
func (a arguments) is(key string) bool     { b, _ := a[key].(bool); return b }
func (a arguments) list(key string) []any  { l, _ := a[key].([]any); return l }
func (a arguments) of(key string) arguments {
	m, _ := a[key].(map[string]any)
	return m
}

// integer reads a decimal; 0 when it is not there.
func integer[T int | int32 | int64 | uint8 | uint16 | uint32 | uint64](value any) T {
	text, there := value.(string)
	if !there {
		return 0
	}
	var number T
	if _, err := fmt.Sscan(text, &number); err != nil || fmt.Sprint(number) != text {
		panic(fmt.Sprintf("%q is no %T", text, number))
	}
	return number
}

func (a arguments) i64(key string) int64  { return integer[int64](a[key]) }
func (a arguments) u64(key string) uint64 { return integer[uint64](a[key]) }
func (a arguments) u32(key string) uint32 { return integer[uint32](a[key]) }

// float is a JSON number, or one of the three that JSON does not have, as text.
func float(value any) float64 {
	switch value := value.(type) {
	case float64:
		return value
	case string:
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			panic(err)
		}
		return number
	}
	panic(fmt.Sprintf("%v is no number", value))
}

// fields is a struct as the vectors write it, by snake_case names.
func fields(of any) map[string]any {
	all := map[string]any{}
	value := reflect.ValueOf(of)
	for i := range value.NumField() {
		if field := value.Type().Field(i); field.IsExported() {
			all[snake(field.Name)] = value.Field(i).Interface()
		}
	}
	return all
}

// with adds to fields.
func with(all map[string]any, more ...map[string]any) map[string]any {
	for _, more := range more {
		maps.Copy(all, more)
	}
	return all
}

func snake(name string) string {
	name = strings.ReplaceAll(name, "SSRC", "Ssrc")
	var out strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// plainly is an answer as JSON has it: integers as decimal text, what is absent or no number as nil.
func plainly(answer any) any {
	if number, read := answer.(json.Number); read {
		if strings.ContainsAny(number.String(), ".eE") {
			value, _ := number.Float64()
			return value
		}
		return number.String()
	}
	if text, named := answer.(fmt.Stringer); named {
		return text.String()
	}
	value := reflect.ValueOf(answer)
	switch value.Kind() {
	case reflect.Pointer:
		if value.IsNil() {
			return nil
		}
		return plainly(value.Elem().Interface())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(value.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(value.Uint(), 10)
	case reflect.Float64:
		if number := value.Float(); !math.IsNaN(number) && !math.IsInf(number, 0) {
			return number
		}
		return nil
	case reflect.Slice:
		list := make([]any, value.Len())
		for i := range list {
			list[i] = plainly(value.Index(i).Interface())
		}
		return list
	case reflect.Map:
		object := map[string]any{}
		for _, key := range value.MapKeys() {
			object[key.String()] = plainly(value.MapIndex(key).Interface())
		}
		return object
	}
	return answer
}

// difference compares an answer with what is expected: of an object only the expected keys, floats by their bits.
func difference(got, want any, at string) error {
	differ := fmt.Errorf("%s is %#v, expected %#v", at, got, want)
	switch want := want.(type) {
	case map[string]any:
		object, is := got.(map[string]any)
		if !is {
			return differ
		}
		for _, key := range slices.Sorted(maps.Keys(want)) {
			value, there := object[key]
			if !there {
				return fmt.Errorf("%s.%s is not there", at, key)
			}
			if err := difference(value, want[key], at+"."+key); err != nil {
				return err
			}
		}
		return nil
	case []any:
		list, is := got.([]any)
		if !is || len(list) != len(want) {
			return differ
		}
		for i := range want {
			if err := difference(list[i], want[i], fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
		return nil
	case float64:
		if number, is := got.(float64); !is || math.Float64bits(number) != math.Float64bits(want) {
			return differ
		}
		return nil
	}
	if got != want {
		return differ
	}
	return nil
}

type vector struct {
	Name string
	Ops  []struct {
		Op   string
		Args arguments
	}
	Expected []any
}

func (v *vector) unknown() []string {
	var unknown []string
	for _, step := range v.Ops {
		if operations[step.Op] == nil {
			unknown = append(unknown, step.Op)
		}
	}
	return unknown
}

func (v *vector) run() error {
	if len(v.Ops) != len(v.Expected) {
		return fmt.Errorf("%d operations and %d answers", len(v.Ops), len(v.Expected))
	}
	o := objects{}
	for i, step := range v.Ops {
		answer, err := operations[step.Op](o, step.Args)
		if err := compared(plainly(answer), err, v.Expected[i]); err != nil {
			return fmt.Errorf("operation %d, %s: %w", i, step.Op, err)
		}
	}
	return nil
}

func compared(answer any, err error, expected any) error {
	if expected == nil {
		return err
	}
	want := expected.(map[string]any)
	if kind, fails := want["err"]; fails {
		var failure *Error
		if !errors.As(err, &failure) {
			return fmt.Errorf("%v, %v instead of the error %v", answer, err, kind)
		}
		return difference(failure.Status.String(), kind, "err")
	}
	if err != nil {
		return err
	}
	return difference(answer, want["ok"], "ok")
}

func TestVectors(t *testing.T) {
	paths, _ := filepath.Glob(filepath.Join(root(), "tests/vectors/*.json"))
	var skips map[string]map[string]string
	read(t, filepath.Join(root(), "tests/skips.json"), &skips)
	listed := skips["go"]
	ran := 0
	for _, path := range paths {
		var v vector
		read(t, path, &v)
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		unknown := v.unknown()
		_, skipped := listed[name]
		delete(listed, name)
		switch {
		case skipped && len(unknown) == 0:
			t.Errorf("%s is skipped, and could be run", name)
		case !skipped && len(unknown) > 0:
			t.Errorf("%s needs %v", name, unknown)
		case !skipped:
			ran++
			t.Run(name, func(t *testing.T) {
				if err := v.run(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	for name := range listed {
		t.Errorf("%s is skipped, and does not exist", name)
	}
	if ran < 110 {
		t.Errorf("only %d vectors of %d", ran, len(paths))
	}
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func root() string {
	if root := os.Getenv("STREAMGAUGE_ROOT"); root != "" {
		return root
	}
	return "../.."
}

// A comparison that finds nothing would let every vector pass.
func TestComparisonFindsDifferences(t *testing.T) {
	object := map[string]any{"a": "1"}
	for _, c := range []struct{ answer, expected any }{
		{uint64(1), map[string]any{"ok": "2"}},
		{object, map[string]any{"ok": map[string]any{"b": "1"}}},
		{object, map[string]any{"ok": map[string]any{"a": "2"}}},
		{[]any{"1"}, map[string]any{"ok": []any{}}},
		{math.Nextafter(0.3, 1), map[string]any{"ok": 0.3}},
		{0.0, map[string]any{"ok": nil}},
		{(*uint64)(nil), map[string]any{"ok": "0"}},
		{nil, map[string]any{"err": "closed"}},
	} {
		if compared(plainly(c.answer), nil, c.expected) == nil {
			t.Errorf("%v passes for %v", c.answer, c.expected)
		}
	}
	if compared(nil, errClosed, nil) == nil || compared(nil, errClosed, map[string]any{"err": "busy"}) == nil {
		t.Error("an error passes")
	}
	if err := compared(plainly([]any{math.NaN(), 0.5, object}), nil, map[string]any{"ok": []any{nil, 0.5, object}}); err != nil {
		t.Error(err)
	}
}
