package com.sun.security.auth.module;

/**
 * Takes the place of the JDK's class where the user's id has no entry in the list of users: that class has no name for such
 * a user, and Hadoop's login ends with "invalid null input: name".
 * Built by: javac --release 8 -Xlint:-options -g:none -d classes UnixSystem.java
 */
public class UnixSystem {
    protected String username = System.getenv("HADOOP_USER_NAME");
    protected long uid;
    protected long gid;
    protected long[] groups = {};

    public UnixSystem() {
        if (username == null || username.isEmpty()) username = "medallion";
    }

    public String getUsername() {
        return username;
    }

    public long getUid() {
        return uid;
    }

    public long getGid() {
        return gid;
    }

    public long[] getGroups() {
        return groups;
    }
}
