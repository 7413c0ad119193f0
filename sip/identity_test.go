package sip

import (
	"strings"
	"testing"
	"unicode/utf8"

	sipmsg "github.com/emiago/sipgo/sip"
)

// inviteWith is an INVITE with these header lines; From is taken from them if
// it is there.
func inviteWith(t testing.TB, lines ...string) *sipmsg.Request {
	t.Helper()
	text := "INVITE sip:ata1@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx\r\nTo: <sip:ata1@10.0.0.2>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"
	if !strings.Contains(strings.Join(lines, "\n"), "From: ") {
		text += "From: \"Far End\" <sip:5551000@10.0.0.1>;tag=1\r\n"
	}
	msg, err := sipmsg.ParseMessage([]byte(text + strings.Join(lines, "\r\n") + "\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return msg.(*sipmsg.Request)
}

func TestCallerOf(t *testing.T) {
	const anonymous = "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1"
	withheld := caller{Withheld: true}
	tests := []struct {
		name  string
		lines []string
		want  caller
	}{
		{"From", nil, caller{Number: "5551000", Name: "Far End"}},
		{"From without name", []string{"From: <sip:+49-30.1234(5)@h;user=phone>;tag=1"}, caller{Number: "+49301234" + "5"}},
		{"From without brackets", []string{"From: sip:200@h;tag=1"}, caller{Number: "200"}},
		{"From with a user name", []string{"From: Bob <sip:bob.b-1@h>;tag=1"}, caller{Number: "bob.b-1", Name: "Bob"}},
		{"From with an escape", []string{"From: <sip:%2b4930%23@h>;tag=1"}, caller{Number: "+4930#"}},
		{"From without user", []string{"From: \"Door\" <sip:door.example>;tag=1"}, caller{Name: "Door"}},
		{"escaped quotes in the name", []string{`From: "Al \"Scar\" C\\" <sip:1@h>;tag=1`}, caller{Number: "1", Name: `Al "Scar" C\`}},
		{"parameters in the user part", []string{"From: <sip:+15551000;verstat=TN-Validation-Passed;phone-context=x@h>;tag=1"}, caller{Number: "+15551000"}},
		{"anonymous From", []string{anonymous}, withheld},
		{"anonymous user", []string{"From: <sip:Anonymous@provider.example>;tag=1"}, withheld},
		{"no number known", []string{"From: \"Unavailable\" <sip:unknown@unknown.invalid>;tag=1"}, caller{Name: "Unavailable"}},
		{"asserted SIP", []string{`P-Asserted-Identity: "Al, the boss" <sip:+15552000@h>`}, caller{Number: "+15552000", Name: "Al, the boss"}},
		{"asserted tel", []string{"P-Asserted-Identity: <tel:+1-555-2000;verstat=x>"}, caller{Number: "+15552000"}},
		{"asserted both", []string{"P-Asserted-Identity: <tel:+15552000>, \"Al\" <sip:al@h>"}, caller{Number: "+15552000", Name: "Al"}},
		{"asserted on two lines", []string{"P-Asserted-Identity: \"Al\" <sip:al@h>", "P-Asserted-Identity: tel:+15552000"}, caller{Number: "al", Name: "Al"}},
		{"asserted without user", []string{"P-Asserted-Identity: <sip:h>"}, caller{Number: "5551000", Name: "Far End"}},
		{"anonymous From, asserted number", []string{anonymous, "P-Asserted-Identity: <sip:200@h>"}, withheld},
		{"asserted, Privacy id", []string{"P-Asserted-Identity: <sip:200@h>", "Privacy: id"}, withheld},
		{"Privacy header; critical", []string{"Privacy: header;critical"}, withheld},
		{"Privacy none", []string{"Privacy: none"}, caller{Number: "5551000", Name: "Far End"}},
		{"RPID", []string{`Remote-Party-ID: "Op" <sip:300@h>;party=calling;privacy=off;screen=yes`}, caller{Number: "300", Name: "Op"}},
		{"RPID private", []string{"Remote-Party-ID: <sip:300@h>;party=calling;privacy=full"}, withheld},
		{"RPID of the called party", []string{"Remote-Party-ID: <sip:300@h>;party=called"}, caller{Number: "5551000", Name: "Far End"}},
		{"asserted beats RPID", []string{"Remote-Party-ID: <sip:300@h>", "P-Asserted-Identity: <sip:200@h>"}, caller{Number: "200"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := callerOf(inviteWith(t, tt.lines...), true); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestAssertedIdentityNeedsTrust(t *testing.T) {
	req := inviteWith(t, "P-Asserted-Identity: \"Bank\" <sip:110@h>")
	if got := callerOf(req, false); got.Number != "5551000" {
		t.Errorf("a stranger asserted %+v", got)
	}
	if got := incoming(req, true); got.Number != "110" || got.Name != "Bank" {
		t.Errorf("our server asserted %+v", got)
	}
}

func TestOutgoingIdentity(t *testing.T) {
	inWorld(t, func(a *Account, _ *Voice, _ *Opts) { a.Display = `A "B"` }, func(w *world) {
		invite, _ := placedCall(w)
		if got := invite.From().Value(); !strings.HasPrefix(got, `"A \"B\"" <sip:ata1@10.0.0.1>;tag=`) || headerValue(invite, "Privacy") != "" {
			t.Errorf("From = %s", got)
		}
	})
	inWorld(t, func(a *Account, _ *Voice, _ *Opts) { a.Withhold = true }, func(w *world) {
		invite, _ := placedCall(w)
		if got := invite.From().Value(); !strings.HasPrefix(got, `"Anonymous" <sip:anonymous@anonymous.invalid>;tag=`) {
			t.Errorf("From = %s", got)
		}
		if got := headerValue(invite, "P-Preferred-Identity"); got != `"Ata One" <sip:ata1@10.0.0.1>` {
			t.Errorf("P-Preferred-Identity = %s", got)
		}
		if got := headerValue(invite, "Privacy"); got != "id" {
			t.Errorf("Privacy = %s", got)
		}
	})
}

func FuzzParseAddress(f *testing.F) {
	f.Add(`"A, \"b\"" <sip:+1-2;x=y:pw@[::1]:5060;transport=tcp?h=v>;tag=1;privacy="full"`)
	f.Add("tel:+1(2).3")
	f.Add("<sip:%4")
	f.Fuzz(func(t *testing.T, s string) {
		a := parseAddress(s)
		who := a.caller()
		for _, text := range []string{who.Number, who.Name} {
			if strings.ContainsAny(text, "\r\n\x00") || !utf8.ValidString(text) {
				t.Fatalf("%q gave %+v", s, who)
			}
		}
	})
}
