package sdes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// The key of RFC 4568 §5.1's example, and one of 28 octets.
const (
	key30 = "PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR"
	key28 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGw"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		want        string // marshalled
		err         error
	}{
		{"usual", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30, "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30, nil},
		{"short tag", "2 AES_CM_128_HMAC_SHA1_32 inline:" + key30, "2 AES_CM_128_HMAC_SHA1_32 inline:" + key30, nil},
		{"GCM", "3 AEAD_AES_128_GCM inline:" + key28 + "==", "3 AEAD_AES_128_GCM inline:" + key28 + "==", nil},
		{"without padding, small letters", "3 aead_aes_128_gcm INLINE:" + key28, "3 AEAD_AES_128_GCM inline:" + key28 + "==", nil},
		{"lifetime", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30, nil},
		{"lifetime in digits", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1048576", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30, nil},
		{"lifetime and MKI", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20|1:4", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:4", nil},
		{"MKI", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|65535:2", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|65535:2", nil},
		{"long MKI", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|7:128", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|7:128", nil},
		{"replay window", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " WSH=128", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30, nil},
		{"optional parameter", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " -new=7", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30, nil},

		{"nothing", "", "", ErrSyntax},
		{"no key", "1 AES_CM_128_HMAC_SHA1_80", "", ErrSyntax},
		{"no tag", "x AES_CM_128_HMAC_SHA1_80 inline:" + key30, "", errTag},
		{"long tag", "1234567890 AES_CM_128_HMAC_SHA1_80 inline:" + key30, "", errTag},
		{"another suite", "1 AES_256_CM_HMAC_SHA1_80 inline:" + key30, "", ErrSuite},
		{"no suite", "1 NULL inline:" + key30, "", ErrSuite},
		{"another method", "1 AES_CM_128_HMAC_SHA1_80 outline:" + key30, "", ErrSyntax},
		{"short key", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key28, "", ErrKey},
		{"long key", "1 AEAD_AES_128_GCM inline:" + key30, "", ErrKey},
		{"not base64", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30[:39] + "!", "", ErrKey},
		{"two keys", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:1;inline:" + key30 + "|2:1", "", ErrKeys},
		{"lifetime of none", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|0", "", errLife},
		{"lifetime too long", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^49", "", errLife},
		{"MKI without octets", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:0", "", errMKI},
		{"MKI too big", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|256:1", "", errMKI},
		{"MKI too long", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:129", "", errMKI},
		{"MKI before lifetime", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1:1|2^20", "", ErrSyntax},
		{"too much", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20|1:1|x", "", ErrSyntax},
		{"not encrypted", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNENCRYPTED_SRTP", "", ErrParam},
		{"reports not encrypted", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNENCRYPTED_SRTCP", "", ErrParam},
		{"not authenticated", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " UNAUTHENTICATED_SRTP", "", ErrParam},
		{"key derivation", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " KDR=1", "", ErrParam},
		{"error correction", "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " FEC_ORDER=FEC_SRTP", "", ErrParam},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := Parse(tt.value)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err == nil && a.Marshal() != tt.want {
				t.Errorf("%s, want %s", a.Marshal(), tt.want)
			}
		})
	}
}

func TestFirstUsable(t *testing.T) {
	none, fits := "1 AES_256_CM_HMAC_SHA1_80 inline:x", "2 AEAD_AES_128_GCM inline:"+key28
	a, err := First([]string{none, fits, "3 AES_CM_128_HMAC_SHA1_80 inline:" + key30})
	if err != nil || a.Tag != 2 || a.Suite != AESGCM {
		t.Errorf("took %d %s, %v", a.Tag, a.Suite, err)
	}
	if _, err := First([]string{none}); !errors.Is(err, ErrSuite) {
		t.Errorf("%v", err)
	}
	if _, err := First(nil); err == nil {
		t.Error("took nothing")
	}
}

func TestKeysAreDrawn(t *testing.T) {
	for _, s := range Suites {
		a, b := NewKey(s), NewKey(s)
		master, salt := a.Split(s)
		if a == b || !a.IsSet() || len(master) != lengths[s][0] || len(salt) != lengths[s][1] {
			t.Errorf("%s: %d and %d octets", s, len(master), len(salt))
		}
	}
	if master, _ := NewKey(AESGCM).Split(AESCM80); master != nil {
		t.Error("a key is taken for another suite")
	}
}

// A key is in the attribute of a description and in nothing else that is written.
func TestKeysAreNotShown(t *testing.T) {
	a, err := Parse("1 AES_CM_128_HMAC_SHA1_80 inline:" + key30)
	if err != nil {
		t.Fatal(err)
	}
	keys := Keys{Suite: a.Suite, Send: a.Key, Receive: a.Key}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", a.Key, "keys", keys, "attribute", a, "pointer", &keys)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", a.Key, "keys", keys, "attribute", a, "pointer", &keys)
	asJSON, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := a.Key.Split(a.Suite)
	for name, text := range map[string]string{
		"log": log.String(), "json": string(asJSON), "%v": fmt.Sprintf("%v %v %v", a.Key, keys, &keys), "%+v": fmt.Sprintf("%+v", a),
		"%#v": fmt.Sprintf("%#v %#v", a, keys), "%s": fmt.Sprintf("%s", a.Key), "%x": fmt.Sprintf("%x", a.Key), "%q": fmt.Sprintf("%q", a.Key), "%d": fmt.Sprintf("%d", a.Key),
	} {
		if strings.Contains(text, key30[:12]) || strings.Contains(text, string(secret[:6])) || strings.Contains(text, fmt.Sprintf("%x", secret[:6])) {
			t.Errorf("%s shows the key: %s", name, text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20|1:4 WSH=64")
	f.Add("999999999 AEAD_AES_128_GCM inline:" + key28 + "==|255:1")
	f.Add("1 AES_CM_128_HMAC_SHA1_32 inline:||;:")
	f.Fuzz(func(t *testing.T, value string) {
		a, err := Parse(value)
		if err != nil {
			return
		}
		if again, err := Parse(a.Marshal()); err != nil || again != a {
			t.Errorf("%q becomes %q, which is read as %v, %v", value, a.Marshal(), again, err)
		}
	})
}
