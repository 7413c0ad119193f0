package privacy

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/state"
)

// world is a filter over a few fields in a state folder of its own.
type world struct {
	home      state.Dir
	keeper    *Keeper
	id        *Identity
	scrubber  *Scrubber
	catalogue *Catalogue
	filter    *Filter

	consent, model, quality, place, who, where, log Field
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{home: state.Dir(t.TempDir()), catalogue: &Catalogue{}}
	w.open(t)
	declare := func(name string, kind Kind, form Form, c Category, l Level, labels ...Label) Field {
		return w.catalogue.Declare(Declaration{Name: name, Kind: kind, Form: form, Category: c, Level: l, Labels: labels, Help: "A field."})
	}
	w.consent = declare("consent", Gauge, Plain, Identifiers, Necessary)
	w.model = declare("model", Info, Plain, HardwareModel, Operational, Label{Name: "model"})
	w.quality = declare("quality", Gauge, Plain, CallQuality, Quality, Label{Name: "line", Values: []string{"1", "2"}})
	w.place = declare("place", Text, Plain, Location, Operational)
	w.who = declare("who", Text, Phone, CallQuality, Quality)
	w.where = declare("where", Text, Address, IPAddress, Operational)
	w.log = declare("log", Text, Prose, Logs, Diagnostics)
	w.filter = NewFilter(w.catalogue, w.keeper, w.scrubber)
	return w
}

func (w *world) open(t testing.TB) {
	t.Helper()
	var err error
	if w.keeper, err = Open(w.home); err != nil {
		t.Fatal(err)
	}
	if w.id, err = OpenIdentity(w.home); err != nil {
		t.Fatal(err)
	}
	w.scrubber = NewScrubber(w.id)
}

func (w *world) batch() Batch {
	return Batch{ID: "1", Kind: Metrics, At: noon, Items: []Item{
		{Field: w.consent, Value: 2},
		{Field: w.model, Labels: []string{"Box\x00 7"}, Value: 1},
		{Field: w.quality, Labels: []string{"1"}, Value: 4.1},
		{Field: w.quality, Labels: []string{"+15551234567"}, Value: 4.1},
		{Field: w.place, Text: "52.5 N"},
		{Field: w.who, Text: "+15551234567"},
		{Field: w.where, Text: "198.51.100.77"},
		{Field: w.log, Text: "call to 5551234567"},
	}}
}

func names(c Cleared) string {
	var out []string
	for _, i := range c.Items() {
		out = append(out, i.Field.Name)
	}
	return strings.Join(out, " ")
}

var all = Asked{Permit: Permit{Tracing, Everything}, Notice: true, Version: 3}

func TestWhatLeaves(t *testing.T) {
	tests := []struct {
		name     string
		asked    Asked
		decision *Permit
		receiver Set
		want     string
	}{
		{"before the owner was asked", all, nil, Everything, "consent"},
		{"the contract covers operation", Asked{Permit: Permit{Tracing, Everything}}, nil, Everything, "consent model where"},
		{"all", all, &Permit{Tracing, Everything}, Everything, "consent model quality quality place who where log"},
		{"what an owner says who names none", all, &Permit{Tracing, Ordinary}, Everything, "consent model quality quality who where log"},
		{"less than is asked", all, &Permit{Operational, Ordinary}, Everything, "consent model where"},
		{"more than is asked", Asked{Permit: Permit{Operational, Everything}}, &Permit{Tracing, Everything}, Everything, "consent model place where"},
		{"a category off", all, &Permit{Tracing, Everything.With(CallQuality, false)}, Everything, "consent model place where log"},
		{"a category not asked for", Asked{Permit: Permit{Tracing, Everything.With(Logs, false)}}, &Permit{Tracing, Everything}, Everything, "consent model quality quality place who where"},
		{"a receiver for few", all, &Permit{Tracing, Everything}, SetOf(HardwareModel), "consent model"},
		{"revoked", all, &Permit{Necessary, Everything}, Everything, "consent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.keeper.Ask(tt.asked)
			if tt.decision != nil {
				if err := w.keeper.Decide(*tt.decision, "owner", noon); err != nil {
					t.Fatal(err)
				}
			}
			if got := names(w.filter.Clear(w.batch(), tt.receiver)); got != tt.want {
				t.Errorf("%q leaves, want %q", got, tt.want)
			}
		})
	}
}

func TestWhatIsNotDeclaredStays(t *testing.T) {
	w := newWorld(t)
	w.keeper.Ask(all)
	if err := w.keeper.Decide(all.Permit, "owner", noon); err != nil {
		t.Fatal(err)
	}
	other := new(Catalogue).Declare(Declaration{Name: "model", Kind: Info, Help: "Of another catalogue."})
	c := w.filter.Clear(Batch{Items: []Item{{}, {Field: other, Value: 1}, {Field: w.model, Value: 1}}}, Everything)
	if !c.Empty() {
		t.Errorf("%q leaves", names(c))
	}
	if !(Cleared{}).Empty() || w.filter.Allows(Field{}, Everything) || w.filter.Allows(other, Everything) || !w.filter.Allows(w.model, Everything) {
		t.Error("the filter does not know its fields")
	}
}

func TestForms(t *testing.T) {
	w := newWorld(t)
	w.keeper.Ask(all)
	values := func(p Permit) map[string]string {
		if err := w.keeper.Decide(p, "owner", noon); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, i := range w.filter.Clear(w.batch(), Everything).Items() {
			got[i.Field.Name] += strings.Join(i.Labels, ",") + i.Text
		}
		return got
	}
	number := "+15551234567"
	got := values(Permit{Tracing, Ordinary})
	want := map[string]string{
		"consent": "", "model": "Box  7", "quality": "1other", "who": w.id.Pseudonym(number), "where": "198.51.100.0/24",
		"log": "call to " + w.id.Pseudonym("5551234567"),
	}
	for name, v := range want {
		if got[name] != v {
			t.Errorf("%s leaves as %q, want %q", name, got[name], v)
		}
	}
	if got := values(Permit{Tracing, Everything})["who"]; got != number {
		t.Errorf("with phone_number permitted the number is %q", got)
	}
	before := w.id.Installation()
	if err := w.id.Renew(); err != nil {
		t.Fatal(err)
	}
	if got := values(Permit{Tracing, Ordinary})["who"]; got == want["who"] || len(got) != 16 || w.id.Installation() == before {
		t.Errorf("after a new key the pseudonym is %q", got)
	}
}

func TestDecisionsAreKept(t *testing.T) {
	w := newWorld(t)
	w.keeper.Ask(all)
	narrowed := 0
	w.keeper.OnNarrow(func() { narrowed++ })
	changed := w.keeper.Changed()
	steps := []struct {
		permit   Permit
		narrowed int
	}{
		{Permit{Quality, Ordinary}, 0},
		{Permit{Quality, Ordinary.With(Performance, false)}, 1},
		{Permit{Quality, Ordinary}, 1},
		{Permit{Necessary, Ordinary}, 2},
	}
	for i, s := range steps {
		if err := w.keeper.Decide(s.permit, "owner", noon.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if narrowed != s.narrowed {
			t.Errorf("after decision %d: narrowed %d times, want %d", i+1, narrowed, s.narrowed)
		}
	}
	select {
	case <-changed:
	default:
		t.Error("nobody was told of the change")
	}
	if err := w.keeper.Told("otlp", 4); err != nil {
		t.Fatal(err)
	}
	w.open(t)
	w.keeper.Ask(all)
	ds := w.keeper.Decisions()
	if len(ds) != 4 || ds[1].Serial != 2 || ds[1].Actor != "owner" || ds[1].Version != 3 || !ds[1].At.Equal(noon.Add(time.Hour)) || ds[1].Categories.Has(Performance) {
		t.Errorf("the record after a restart: %+v", ds)
	}
	if w.keeper.Permit().Level != Necessary {
		t.Error("a restart gave a consent back")
	}
	if _, untold := w.keeper.Untold("otlp"); untold {
		t.Error("the receiver knows the decision already")
	}
	if d, untold := w.keeper.Untold("https"); !untold || d.Serial != 4 {
		t.Errorf("Untold = %+v, %v", d, untold)
	}
}

// TestNewCategoryStartsOff reads a record that was made when there were fewer
// categories.
func TestNewCategoryStartsOff(t *testing.T) {
	w := newWorld(t)
	old := `{"decisions": [{"serial": 1, "version": 1, "actor": "owner", "at": "2026-01-02T03:04:05Z", "level": 4, "categories": ["firmware", "gone"]}]}`
	if err := os.WriteFile(w.home.Path("privacy/consent.json"), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	w.open(t)
	w.keeper.Ask(all)
	if got := w.keeper.Permit().Categories.Names(); !slices.Equal(got, []string{"firmware"}) {
		t.Errorf("permitted are %v", got)
	}
}

func TestDamagedRecordIsAnError(t *testing.T) {
	for _, text := range []string{"", "{", `{"decisions": [{"level": 9, "serial": 1}]}`, `{"decisions": 7}`} {
		home := state.Dir(t.TempDir())
		if _, err := Open(home); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(home.Path("privacy/consent.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := Open(home)
		if err == nil {
			t.Errorf("Open took the record %q", text)
		}
		k.Ask(Asked{Permit: all.Permit})
		if k.Permit().Level != Necessary {
			t.Errorf("with the record %q %v may leave", text, k.Permit())
		}
	}
}

func TestRecordIsBounded(t *testing.T) {
	w := newWorld(t)
	w.keeper.Ask(all)
	for range keptDecisions + 5 {
		if err := w.keeper.Decide(Permit{Quality, Ordinary}, "owner", noon); err != nil {
			t.Fatal(err)
		}
	}
	ds := w.keeper.Decisions()
	if len(ds) != keptDecisions || ds[len(ds)-1].Serial != keptDecisions+5 {
		t.Errorf("%d decisions are kept, the last is %d", len(ds), ds[len(ds)-1].Serial)
	}
}

func TestLedger(t *testing.T) {
	w := newWorld(t)
	w.keeper.Ask(all)
	if err := w.keeper.Decide(Permit{Quality, Ordinary}, "owner", noon); err != nil {
		t.Fatal(err)
	}
	l, err := OpenLedger(w.home)
	if err != nil {
		t.Fatal(err)
	}
	for d := range 10 {
		l.Left("otlp", w.filter.Clear(w.batch(), Everything), noon.AddDate(0, 0, d))
	}
	if err := l.Flush(); err != nil {
		t.Fatal(err)
	}
	if l, err = OpenLedger(w.home); err != nil {
		t.Fatal(err)
	}
	es := l.Entries()
	if len(es) != ledgerDays || es[0].Day != "2026-11-30" || es[0].Receiver != "otlp" || es[0].Fields["quality"] != 2 || es[0].Fields["log"] != 0 {
		t.Errorf("the ledger after a restart: %+v", es)
	}
	if err := l.Erase(); err != nil {
		t.Fatal(err)
	}
	if l, err = OpenLedger(w.home); err != nil || len(l.Entries()) != 0 {
		t.Errorf("an erased ledger holds %v, %v", l.Entries(), err)
	}
}

func TestItemsSurviveStorage(t *testing.T) {
	c := &Catalogue{}
	h := c.Declare(Declaration{Name: "h", Kind: Distribution, Bounds: []float64{1, 2}, Help: "A field."})
	g := c.Declare(Declaration{Name: "g", Labels: []Label{{Name: "line"}}, Help: "A field."})
	for _, want := range []Item{
		{Field: h, Hist: &Histogram{[]uint64{1, 0, 7}, 3.5}},
		{Field: g, Labels: []string{"1"}, Value: -0.25},
	} {
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.readItem(data)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := json.Marshal(got); string(again) != string(data) || got.Field != want.Field {
			t.Errorf("%s came back as %s", data, again)
		}
	}
	for _, bad := range []string{`{}`, `{"n":"x"}`, `{"n":"h"}`, `{"n":"h","h":{"c":[1],"s":1}}`, `{"n":"g"}`, `{"n":"g","l":["1","2"]}`, `{"n":"g","l":["1"],"h":{"c":[],"s":0}}`, `[]`} {
		if _, err := c.readItem([]byte(bad)); err == nil {
			t.Errorf("readItem took %s", bad)
		}
	}
}

func TestQueuedBatchIsJudgedAgain(t *testing.T) {
	w := newWorld(t)
	w.keeper.Ask(all)
	decide := func(p Permit) {
		t.Helper()
		if err := w.keeper.Decide(p, "owner", noon); err != nil {
			t.Fatal(err)
		}
	}
	decide(Permit{Tracing, Ordinary})
	first := w.filter.Clear(w.batch(), Everything)
	data, err := first.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "5551234567") || strings.Contains(string(data), "198.51.100.77") {
		t.Errorf("what is queued is not harmless: %s", data)
	}
	again, err := w.filter.Restore(data, Everything)
	if err != nil {
		t.Fatal(err)
	}
	if names(again) != names(first) || again.ID() != "1" || again.Kind() != Metrics || again.Text(w.who) != first.Text(w.who) {
		t.Errorf("%+v came back as %+v", first, again)
	}
	decide(Permit{Operational, Ordinary})
	if again, err = w.filter.Restore(data, Everything.With(IPAddress, false)); err != nil || names(again) != "consent model" {
		t.Errorf("after less was permitted %q leaves, %v", names(again), err)
	}
	gone := strings.Replace(string(data), `"model"`, `"gone"`, 1)
	if again, err = w.filter.Restore([]byte(gone), Everything); err != nil || names(again) != "consent where" {
		t.Errorf("with a field that is no more %q leaves, %v", names(again), err)
	}
	if _, err := w.filter.Restore([]byte("{"), Everything); err == nil {
		t.Error("Restore took half a batch")
	}
	if at := again.WithTime(noon.Add(time.Hour)).At(); !at.Equal(noon.Add(time.Hour)) {
		t.Errorf("WithTime: %v", at)
	}
}

func FuzzRestore(f *testing.F) {
	w := newWorld(f)
	data, err := w.filter.Clear(w.batch(), Everything).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := w.filter.Restore(data, Everything)
		if err != nil {
			return
		}
		for _, i := range c.Items() {
			if i.Field != w.consent {
				t.Errorf("%s leaves without consent", i.Field.Name)
			}
		}
	})
}

func FuzzReadItem(f *testing.F) {
	w := newWorld(f)
	f.Add([]byte(`{"n":"quality","l":["1"],"v":4}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if i, err := w.catalogue.readItem(data); err == nil && !i.whole() {
			t.Errorf("%s is not whole", data)
		}
	})
}

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte(`{"decisions":[{"serial":1,"level":2,"categories":["firmware"]}],"told":{"otlp":1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRecord(data)
		if err != nil {
			return
		}
		for _, d := range r.Decisions {
			if !d.Level.Valid() || d.Categories&^Everything != 0 {
				t.Errorf("%q allows %+v", data, d)
			}
		}
	})
}
