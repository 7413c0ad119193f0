package modem

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
)

func variants(m map[string]any) map[string]dbus.Variant {
	out := map[string]dbus.Variant{}
	for k, v := range m {
		out[k] = dbus.MakeVariant(v)
	}
	return out
}

type (
	table = map[string]any
	reply = map[dbus.ObjectPath]map[string]map[string]dbus.Variant
)

// object is what ModemManager tells of one modem, with all that it knows about
// who and where it is.
func object(state int32, technologies uint32, lte table) map[string]map[string]dbus.Variant {
	return map[string]map[string]dbus.Variant{
		modemInterface: variants(table{
			"State": state, "AccessTechnologies": technologies, "EquipmentIdentifier": "490154203237518",
			"OwnNumbers": []string{"+15550101"}, "Device": "/sys/devices/usb1",
		}),
		networks:        variants(table{"OperatorName": "Example Mobile", "Imei": "490154203237518", "OperatorCode": "00101"}),
		signalInterface: variants(table{"Rate": uint32(30), "Lte": variants(lte), "Nr5g": variants(nil), "Gsm": variants(nil)}),
	}
}

func TestBest(t *testing.T) {
	good := table{"rssi": -61.0, "rsrp": -92.0, "rsrq": -11.5, "snr": 7.4}
	figures := []Signal{{LTE, RSSI, -61}, {LTE, RSRP, -92}, {LTE, RSRQ, -11.5}, {LTE, SINR, 7.4}}
	connected := Modem{"connected", []Technology{LTE}, figures, "Example Mobile"}
	wrong := object(11, 1<<14, good)
	wrong[modemInterface]["State"] = dbus.MakeVariant("connected")
	wrong[signalInterface]["Nr5g"] = dbus.MakeVariant([]byte("x"))
	loud := object(11, 1<<14, table{"rssi": math.NaN(), "rsrp": math.Inf(1), "rsrq": -32768.0, "snr": int32(7)})
	loud[networks]["OperatorName"] = dbus.MakeVariant(strings.Repeat("x", 300))
	for _, tt := range []struct {
		name string
		in   reply
		want Modem
		ok   bool
		errs []string
	}{
		{name: "none", in: reply{}},
		{name: "not a modem", in: reply{"/SIM/0": {"org.freedesktop.ModemManager1.Sim": variants(table{"SimIdentifier": "8988"})}}},
		{name: "one", in: reply{"/Modem/0": object(11, 1<<14, good)}, want: connected, ok: true},
		{
			name: "the connected one of two", in: reply{"/Modem/0": object(3, 0, nil), "/Modem/1": object(11, 1<<14, good)}, want: connected, ok: true,
		},
		{
			name: "two technologies", in: reply{"/Modem/0": object(8, 1<<14|1<<15|1, nil)},
			want: Modem{State: "registered", Technologies: []Technology{LTE, NR}, Operator: "Example Mobile"}, ok: true,
		},
		{
			name: "a modem and nothing else", in: reply{"/Modem/0": {modemInterface: variants(table{"State": int32(-1)})}},
			want: Modem{State: "failed"}, ok: true,
		},
		{
			name: "a state beyond", in: reply{"/Modem/0": object(12, 1<<14, good)},
			want: Modem{Technologies: []Technology{LTE}, Signals: figures, Operator: "Example Mobile"}, ok: true, errs: []string{"State is 12"},
		},
		{
			name: "wrong types", in: reply{"/Modem/0": wrong}, want: Modem{Technologies: []Technology{LTE}, Signals: figures, Operator: "Example Mobile"}, ok: true,
			errs: []string{"State is of type s", "Nr5g is of type ay"},
		},
		{
			name: "what no modem measures", in: reply{"/Modem/0": loud}, want: Modem{State: "connected", Technologies: []Technology{LTE}}, ok: true,
			errs: []string{"snr is of type i", "OperatorName of 300 bytes"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := answered([]any{tt.in})
			if err != nil {
				t.Fatal(err)
			}
			got, ok, err := o.best()
			if !reflect.DeepEqual(got, tt.want) || ok != tt.ok || (err != nil) != (len(tt.errs) > 0) {
				t.Errorf("%+v, %v, %v; want %+v, %v", got, ok, err, tt.want, tt.ok)
			}
			for _, want := range tt.errs {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error is %q, want %q in it", err, want)
				}
			}
		})
	}
}

func TestTooManyModems(t *testing.T) {
	in := reply{}
	for _, name := range "abcdefghijkl" {
		in[dbus.ObjectPath("/"+string(name))] = object(3, 0, nil)
	}
	in["/z"] = object(11, 0, nil)
	o, err := answered([]any{in})
	if err != nil {
		t.Fatal(err)
	}
	if m, ok, err := o.best(); m.State != "disabled" || !ok || err == nil {
		t.Errorf("%+v, %v, %v", m, ok, err)
	}
}

func TestWrongShapes(t *testing.T) {
	for _, body := range [][]any{nil, {1}, {reply{}, 2}, {map[string]string{}}, {map[dbus.ObjectPath]map[string]string{}}} {
		if o, err := answered(body); err == nil {
			t.Errorf("%v is %v", body, o)
		}
	}
}

// message is the wire form of a reply of ModemManager.
func message(tb testing.TB, serial uint32, body any) []byte {
	tb.Helper()
	m := &dbus.Message{Type: dbus.TypeMethodReply, Body: []any{body}, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldReplySerial: dbus.MakeVariant(serial),
		dbus.FieldSignature:   dbus.MakeVariant(dbus.SignatureOf(body)),
	}}
	var b bytes.Buffer
	if err := m.EncodeTo(&b, binary.LittleEndian); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// FuzzAnswer decodes messages as they come from the bus: what is told of them is
// possible and bounded, whatever they hold.
func FuzzAnswer(f *testing.F) {
	f.Add(message(f, 2, reply{"/Modem/0": object(11, 1<<14|1<<15, table{"rssi": -61.0, "rsrp": math.NaN(), "snr": "x"})}))
	f.Add(message(f, 2, reply{"/Modem/0": {modemInterface: variants(table{"State": "x"})}}))
	f.Add(message(f, 2, "no"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := dbus.DecodeMessage(bytes.NewReader(data))
		if err != nil {
			return
		}
		o, err := answered(m.Body)
		if err != nil {
			return
		}
		got, ok, _ := o.best()
		if len(got.Operator) > operatorLimit || len(got.Signals) > len(Technologies)*len(Kinds) || len(got.Technologies) > len(Technologies) {
			t.Errorf("%+v", got)
		}
		if !ok && !reflect.DeepEqual(got, Modem{}) {
			t.Errorf("no modem, and %+v", got)
		}
		for _, s := range got.Signals {
			if !(s.Value >= -156 && s.Value <= 60) {
				t.Errorf("%+v", s)
			}
		}
	})
}
