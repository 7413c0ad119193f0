package digest_test

import (
	"fmt"
	"time"

	"github.com/ata-agent/ata-agent/sip/digest"
)

// Both sides of a registration: the registrar asks, the telephone answers, and
// answers the next time without being asked.
func Example() {
	registrar := digest.NewChallenger(digest.ChallengerOpts{Realm: "ata.test", Algorithms: []string{digest.SHA256, digest.MD5}})
	phone := digest.Client{User: "ata1", Password: "secret1"}
	passwords := func(user string) (string, bool) { return "secret1", user == "ata1" }
	now := time.Now()

	header, value, err := phone.Authorize("REGISTER", "sip:ata.test", nil, registrar.Challenge(now, false), false)
	if err != nil {
		fmt.Println(err)
		return
	}
	user, verdict := registrar.Verify(now, digest.Request{Method: "REGISTER", Values: []string{value}}, passwords)
	fmt.Println(header, user, verdict)

	_, value, _ = phone.Cached("REGISTER", "sip:ata.test", nil, false)
	_, verdict = registrar.Verify(now, digest.Request{Method: "REGISTER", Values: []string{value}}, passwords)
	fmt.Println(verdict)
	// Output:
	// Authorization ata1 accepted
	// accepted
}
