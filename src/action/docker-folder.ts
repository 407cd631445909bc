/** The state that the main step saves for `post`: the folder that holds docker's logins. */
export const DOCKER_FOLDER_STATE = 'docker-folder';
