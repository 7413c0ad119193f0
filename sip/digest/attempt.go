package digest

// Attempt is the memory of one request over its repetitions: which challenges
// were answered. The zero value is a request that was sent once, with or
// without credentials from Client.Cached.
type Attempt struct{ answered map[string]int }

// Allow says whether a challenge should be answered, and notes that it is.
// Each realm is answered once; once more if the server says that only the
// nonce was old. After that the password is wrong, and trying on would lock
// the subscriber out: ErrRejected. A challenge after cached credentials counts
// as the first, because some registrars forget to say stale=true.
func (a *Attempt) Allow(challenges []string, proxy bool) error {
	key, stale := summary(challenges)
	if proxy {
		key = "proxy " + key
	}
	n := a.answered[key]
	if n >= 2 || n == 1 && !stale {
		return ErrRejected
	}
	if a.answered == nil {
		a.answered = map[string]int{}
	}
	a.answered[key]++
	return nil
}

// summary is the realm of the first digest challenge and whether any is stale.
func summary(challenges []string) (realm string, stale bool) {
	found := false
	for _, v := range challenges {
		list, err := ParseChallenges(v)
		if err != nil {
			continue
		}
		for _, c := range list {
			if c.Nonce != "" && !found {
				realm, found = c.Realm, true
			}
			stale = stale || c.Stale
		}
	}
	return realm, stale
}
